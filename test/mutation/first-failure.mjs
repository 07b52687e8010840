import { TestEnvironment } from 'jest-environment-node';

/** The fault that a test has noticed already. */
let noticed;

/** One failing test is enough: the others are skipped. Jest's own `bail` would end Stryker's process with the run. */
export default class FirstFailure extends TestEnvironment {
  handleTestEvent({ name, test }) {
    const fault = process.env.__STRYKER_ACTIVE_MUTANT__;
    if (fault === undefined) return;
    if (name === 'test_start' && fault === noticed) test.mode = 'skip';
    if (name === 'test_done' && test.errors.length > 0) noticed = fault;
  }
}

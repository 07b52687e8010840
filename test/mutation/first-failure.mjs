import { TestEnvironment } from 'jest-environment-node';

/** One failing test is enough: the others of its suite are skipped. */
export default class FirstFailure extends TestEnvironment {
  hasFailed = false;

  handleTestEvent({ name, test }) {
    if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
    if (name === 'test_done' && test.errors.length > 0) this.hasFailed = true;
  }
}

import TestRunner from 'jest-runner';

/** One failing suite is enough: the others are not loaded. Jest's own `bail` would end Stryker's process. */
export default class FirstFailingSuite extends TestRunner {
  async runTests(tests, watcher, options) {
    this.on('test-file-success', ([, { numFailingTests }]) => {
      if (numFailingTests > 0) watcher.setState({ interrupted: true });
    });
    await super.runTests(tests, watcher, options);
  }
}

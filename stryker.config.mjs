// `npm run mutation`: changes the code in small ways and looks whether a test fails; the report is
// .local/mutation/report.html. One folder: `npm run mutation -- --mutate 'lambda/http/**'`.
export default {
  mutate: ['lambda/{guest,genesys,http}/**/*.ts'],
  plugins: ['@stryker-mutator/jest-runner'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: {
    configFile: 'jest.config.mjs',
    config: {
      // With lambda/ beside test/, jest finds out which tests import a changed file.
      roots: ['<rootDir>/test', '<rootDir>/lambda'],
      // What takes seconds at most: no process, browser, vendor’s SDK, built bundle or stack.
      testMatch: [
        '<rootDir>/test/{guest,genesys,http,sqs}/**/*.test.ts',
        '<rootDir>/test/{config,aws/memory-registry}.test.ts',
      ],
      testPathIgnorePatterns: ['/(server-examples|over-http|sdk-equality)\\.test\\.ts$'],
      testEnvironment: './test/mutation/first-failure.mjs',
      runner: '<rootDir>/test/mutation/first-failing-suite.mjs',
      testSequencer: '<rootDir>/test/mutation/reaching-suites.mjs',
      testTimeout: 5000,
    },
  },
  // Each change meets only the tests that reach it.
  coverageAnalysis: 'perTest',
  // A change that never ends is told by how often it ran. These are for one that waits for ever, on a busy machine, too.
  timeoutMS: 30_000,
  timeoutFactor: 4,
  concurrency: '50%',
  // TypeScript 7 has no API that a type checker could use, and no tsconfig.json of the sandbox is read.
  checkers: [],
  disableTypeChecks: false,
  ignorePatterns: ['dist', 'cdk.out', '.local', 'tsconfig.json'],
  // What neither a change of the code nor of its tests has touched is not run again.
  incremental: true,
  incrementalFile: '.local/mutation/results.json',
  tempDirName: '.local/mutation/sandbox',
  reporters: ['clear-text', 'html', 'json'],
  clearTextReporter: { logTests: false, reportTests: false, skipFull: false },
  htmlReporter: { fileName: '.local/mutation/report.html' },
  jsonReporter: { fileName: '.local/mutation/report.json' },
  thresholds: { high: 95, low: 85, break: 85 },
};

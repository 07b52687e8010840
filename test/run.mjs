// `npm test`: the checks of CI's job `test`, each a line; the last line counts them all.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = `${root}.local/test-results.json`;
const node = process.execPath;
const npm = process.env.npm_execpath === undefined ? ['npm'] : [node, process.env.npm_execpath];
const script = (name) => [...npm, 'run', '--silent', name];

const checks = [
  ['format and lint', script('check:lint')],
  ['types', script('check:types')],
  ['import directions', script('check:imports')],
  ['unused files, exports and dependencies', script('check:unused')],
  ['build', script('build')],
];

const run = ([command, ...args], stdio) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio, shell: process.platform === 'win32' });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ status: 1, output: String(error) }));
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });

let passed = 0;
let failed = 0;
const started = Date.now();
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

await Promise.all(
  checks.map(async ([name, command]) => {
    const since = Date.now();
    const { status, output } = await run(command, 'pipe');
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds(since)})`);
    if (status === 0) passed += 1;
    else {
      failed += 1;
      console.log(output);
    }
  }),
);

mkdirSync(`${root}.local`, { recursive: true });
rmSync(results, { force: true });
const jest = [
  node,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  `${root}node_modules/jest/bin/jest.js`,
  // Many suites wait for processes of their own: two at once even where jest would run one.
  '--maxWorkers=2',
  '--json',
  `--outputFile=${results}`,
  ...process.argv.slice(2),
];
// Jest's report for people goes to stderr; its JSON copy on stdout is not for them.
const { status } = await run(jest, ['ignore', 'ignore', 'inherit']);
try {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
    readFileSync(results, 'utf8'),
  );
  passed += numPassedTests;
  failed += numFailedTests + numRuntimeErrorTestSuites;
} catch {
  console.log('FAILED jest wrote no results');
  failed += 1;
}
if (status !== 0 && failed === 0) failed += 1;

console.log(`All checks took ${seconds(started)}.`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

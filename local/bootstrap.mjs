// `node local/bootstrap.mjs ARGS…` installs what is missing, then runs `node ARGS…` with the Node.js that the project
// brings. Runs before anything is installed: plain JavaScript, no dependencies, any Node.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = 20;
/** As in Lambda. */
const wantedNode = 24;

const [major] = process.versions.node.split('.').map(Number);
if (major === undefined || major < oldestNode) {
  console.error(
    `Node.js ${oldestNode} or newer is needed; this is ${process.versions.node}. Install a current one from https://nodejs.org and try again.`,
  );
  process.exit(1);
}

const lock = `${root}package-lock.json`;
const installed = `${root}node_modules/.package-lock.json`;
if (!existsSync(installed) || statSync(lock).mtimeMs > statSync(installed).mtimeMs) {
  console.log('Installing dependencies (npm ci) …');
  const npm = process.env['npm_execpath'];
  const options = { cwd: root, stdio: 'inherit' };
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } =
    npm === undefined
      ? spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
      : spawnSync(process.execPath, [npm, ...args], options);
  if (status !== 0) {
    console.error('Installing the dependencies failed; the lines above say why.');
    process.exit(status ?? 1);
  }
}

const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const brought = `${root}node_modules/node-${platform}/bin/node${process.platform === 'win32' ? '.exe' : ''}`;
const hasBrought = existsSync(brought);
if (!hasBrought && major !== wantedNode) {
  console.error(
    `This runs on the Node.js ${process.versions.node} of this machine: the lock file has no Node.js ${wantedNode}, the version in Lambda, for ${platform}. Install Node.js ${wantedNode} (.nvmrc) for the same results as in CI.`,
  );
}
const child = spawn(hasBrought ? brought : process.execPath, process.argv.slice(2), { stdio: 'inherit' });
// A terminal sends Ctrl-C to both; the child decides when it is done.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});

// Runs before anything is installed: plain JavaScript, no dependencies, any Node.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = 20;

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

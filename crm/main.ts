import { fileURLToPath } from 'node:url';
import { run } from './program.ts';

// Whoever reads the output may stop early (`| head`): that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const interruptible = (): AbortSignal => {
  const interruption = new AbortController();
  // Once: a second Ctrl-C ends the process at once.
  process.once('SIGINT', () => interruption.abort());
  process.once('SIGTERM', () => interruption.abort());
  return interruption.signal;
};

/** npm runs scripts in the project's folder; files are meant where the person stands. */
const standHere = (folder: string | undefined): void => {
  try {
    if (folder !== undefined) process.chdir(folder);
  } catch {
    // It is gone: then paths are meant from here.
  }
};
standHere(process.env['INIT_CWD']);

process.exitCode = await run(process.argv, {
  environment: process.env,
  folder: fileURLToPath(new URL('..', import.meta.url)),
  interruptible,
  terminal: {
    in: process.stdin,
    out: process.stdout,
    notes: process.stderr,
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    animated: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
  },
});
// A pipe that is still open on the other side must not keep us.
process.stdin.unref?.();

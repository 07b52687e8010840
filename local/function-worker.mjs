// One Lambda container as a worker thread: its own module scope and its own process.env. Plain JavaScript: no
// loader has to start in the thread, and every Node.js that the project starts with runs it.
import { parentPort, workerData } from 'node:worker_threads';

/** @typedef {import('./function.ts').Invocation} Invocation */
/** @typedef {import('./function.ts').WorkerMessage} WorkerMessage */

/** @param {WorkerMessage} message */
const send = (message) => parentPort?.postMessage(message);

const { handler } = await import(workerData.bundleUrl);

/** @param {Invocation} invocation */
const run = async ({ id, event, context, remainingMs }) => {
  const endsAtMs = performance.now() + remainingMs;
  const getRemainingTimeInMillis = () => Math.max(0, Math.round(endsAtMs - performance.now()));
  try {
    send({ id, result: await handler(event, { ...context, getRemainingTimeInMillis }) });
  } catch (error) {
    send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};

parentPort?.on('message', (/** @type {Invocation} */ invocation) => void run(invocation));
send({ ready: true });

// One Lambda container as a worker thread: its own module scope and its own process.env. Plain type annotations
// only, so that Node can run it as it is.
import { parentPort, workerData } from 'node:worker_threads';
import type { Context } from 'aws-lambda';
import type { Invocation, WorkerMessage } from './function.ts';
import { createContext } from './lambda-runtime.ts';

const send = (message: WorkerMessage): void => parentPort?.postMessage(message);

const { bundleUrl } = workerData as { readonly bundleUrl: string };
const { handler } = (await import(bundleUrl)) as {
  readonly handler: (event: unknown, context: Context) => unknown;
};

const run = async ({ id, event, functionName, awsRequestId, remainingMs }: Invocation): Promise<void> => {
  const context = { ...createContext({ functionName, timeoutMs: remainingMs }), awsRequestId };
  try {
    send({ id, result: await handler(event, context) });
  } catch (error) {
    send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};

parentPort?.on('message', (invocation: Invocation) => void run(invocation));
send({ ready: true });

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { StartError } from './http-server.ts';
import type { LambdaHandler } from './lambda-runtime.ts';

export interface Invocation {
  readonly id: number;
  readonly event: unknown;
  /** Without its functions, which cannot be sent to a thread. */
  readonly context: object;
  readonly remainingMs: number;
}

export type WorkerMessage =
  | { readonly ready: true }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

export interface FunctionProcess {
  readonly handler: LambdaHandler;
  close(): Promise<void>;
}

export interface FunctionProcessOptions {
  /** Path of the built bundle. */
  readonly bundle: string;
  /** The whole environment: nothing else is visible to the function. */
  readonly environment: Readonly<Record<string, string>>;
  /** Each line that the function writes to stdout or stderr. */
  readonly onLine: (line: string) => void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

const forwardLines = (stream: Readable, onLine: (line: string) => void): void => {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
};

/**
 * Loads a built bundle as Lambda would, in a thread of its own.
 * @throws StartError when the bundle does not load
 */
export const startFunction = async ({
  bundle,
  environment,
  onLine,
}: FunctionProcessOptions): Promise<FunctionProcess> => {
  const worker = new Worker(new URL('./function-worker.mjs', import.meta.url), {
    env: environment,
    workerData: { bundleUrl: pathToFileURL(bundle).href },
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  forwardLines(worker.stdout, onLine);
  forwardLines(worker.stderr, onLine);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  const fail = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if ('ready' in message) return resolve();
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if ('error' in message) call?.reject(new Error(message.error));
      else call?.resolve(message.result);
    });
    worker.on('error', (error) => {
      reject(new StartError(`The function ${bundle} cannot be loaded: ${String(error)}`));
      fail(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', () => {
      reject(new StartError(`The function ${bundle} ended while it was loaded.`));
      fail(new Error('The function has ended.'));
    });
  });

  return {
    handler: (event, { getRemainingTimeInMillis, done: _, fail: __, succeed: ___, ...context }) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        const remainingMs = getRemainingTimeInMillis();
        worker.postMessage({
          id: lastId,
          event,
          context,
          remainingMs,
        } satisfies Invocation);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
};

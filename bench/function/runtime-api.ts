import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listen, readBody } from '../../local/http-server.ts';
import { nowMs } from './run-container.ts';

const ownClient = fileURLToPath(new URL('./runtime-client.mjs', import.meta.url));
const timeoutMs = 29_000;

export interface RuntimeOptions {
  /** What Node.js runs instead of this folder's own client; it finds its function by its environment. */
  readonly client?: string;
  /** Gets what the process writes to stdout. */
  readonly onOutput?: (text: string) => void;
}

/** What the function returned, or the report of what it threw. */
export interface RuntimeResult {
  readonly statusCode?: number;
  readonly [name: string]: unknown;
}

export interface RuntimeContainer {
  /** From the start of the process until it asks for its first invocation. */
  readonly initMs: number;
  /** Invokes the function once. @returns how long it took, and what it said */
  invoke(event: unknown): Promise<{ readonly ms: number; readonly result: RuntimeResult }>;
  /** Suspends the process as Lambda does between invocations, and lets it go on. */
  freeze(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A container behind a stand-in of the Lambda Runtime API.
 * @throws where the process ends before its first invocation, with what it reported
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export const startRuntimeContainer = async (
  bundle: string,
  env: Readonly<Record<string, string>>,
  { client = ownClient, onOutput }: RuntimeOptions = {},
): Promise<RuntimeContainer> => {
  let waiting: ServerResponse | undefined;
  let asked: () => void = () => undefined;
  let answered: (text: string) => void = () => undefined;
  let initError = '';
  const server = await listen((request, response) => {
    if (request.method === 'GET') {
      waiting = response;
      asked();
      return;
    }
    readBody(request).then(
      (body) => {
        response.writeHead(202).end();
        if (request.url?.endsWith('/init/error')) initError = body.toString('utf8');
        else answered(body.toString('utf8'));
      },
      () => response.destroy(),
    );
  });
  const startedMs = nowMs();
  const child: ChildProcess = spawn(process.execPath, [client], {
    env: {
      PATH: process.env['PATH'] ?? '',
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${server.port}`,
      BUNDLE: bundle,
      ...env,
    },
    stdio: ['ignore', onOutput === undefined ? 'ignore' : 'pipe', 'inherit'],
  });
  child.stdout?.setEncoding('utf8').on('data', onOutput ?? (() => undefined));
  const ended = once(child, 'exit');
  const failed = ended.then(() => {
    throw new Error(`${bundle} has ended ${initError}`);
  });
  failed.catch(() => undefined);
  const ready = async (): Promise<void> => {
    if (waiting !== undefined) return;
    const next = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await Promise.race([next, failed]);
  };
  try {
    await ready();
  } catch (error) {
    await server.close();
    throw error;
  }
  const initMs = nowMs() - startedMs;
  let count = 0;
  return {
    initMs,
    invoke: async (event) => {
      await ready();
      const response = waiting;
      waiting = undefined;
      count += 1;
      const answer = new Promise<string>((resolve) => {
        answered = resolve;
      });
      const beganMs = nowMs();
      response?.writeHead(200, {
        // AWS's own client crashes without a content type.
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': `bench-${count}`,
        'lambda-runtime-deadline-ms': String(Date.now() + timeoutMs),
        'lambda-runtime-invoked-function-arn': `arn:aws:lambda:${env['AWS_REGION']}:000000000000:function:bench`,
      });
      response?.end(JSON.stringify(event));
      const text = await Promise.race([answer, failed]);
      return { ms: nowMs() - beganMs, result: JSON.parse(text) };
    },
    freeze: async (ms) => {
      await ready();
      child.kill('SIGSTOP');
      await sleep(ms);
      child.kill('SIGCONT');
    },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      await server.close();
    },
  };
};

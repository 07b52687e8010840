import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const runner = fileURLToPath(new URL('./container-process.mjs', import.meta.url));

export interface InvokeOptions {
  /** Time that the function has, as Lambda would say. */
  readonly timeoutMs?: number | undefined;
  /** Which of the containers in the process, where it holds several (INSTANCES). */
  readonly instance?: number;
  /** Stops the process the moment it has responded, as Lambda does between two requests; `thaw` wakes it. */
  readonly thenFreeze?: boolean;
  /** Lambda's id of the invocation; a number of its own without it. */
  readonly requestId?: string;
}

/** What a container holds on to, after a garbage collection. */
export interface Held {
  readonly heapBytes: number;
  /** Client sockets that are open, idle ones too. */
  readonly sockets: number;
  /** Listeners on the client socket that has most. */
  readonly socketListeners: number;
  readonly processListeners: number;
  /** What keeps the event loop busy, by type (`process.getActiveResourcesInfo`). */
  readonly resources: Readonly<Record<string, number>>;
}

export interface ContainerOptions {
  /** Takes what the process writes, piece by piece; `output` stays empty then. */
  readonly onOutput?: (text: string) => void;
}

/** A process that runs one built bundle as Lambda would: module scope survives between its invocations. */
export interface LambdaContainer {
  /** Invokes the handler; rejects with what it threw, or when the process ends. */
  invoke<Result>(event: unknown, options?: InvokeOptions): Promise<Result>;
  /** Sets the process's clock ahead of the machine's; timers are not moved. */
  shiftClock(ms: number): Promise<void>;
  /** Stops the process at once, in the middle of whatever it does. */
  freeze(): void;
  /** Goes on after a freeze. */
  thaw(): void;
  /** Collects garbage and counts what is left. */
  probe(): Promise<Held>;
  /** Everything the process has written to stdout and stderr. */
  output(): string;
  /** Ends it at once, in the middle of whatever it does. */
  kill(): void;
  stop(): Promise<void>;
}

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** Starts a container. @throws what the bundle throws while it is loaded, as text */
export const startContainer = async (
  bundle: string,
  environment: Readonly<Record<string, string>>,
  { onOutput }: ContainerOptions = {},
): Promise<LambdaContainer> => {
  const child: ChildProcess = fork(runner, [], {
    env: { PATH: process.env['PATH'], BUNDLE: bundle, ...environment },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  const keep = (chunk: string): void => {
    if (onOutput === undefined) text += chunk;
    else onOutput(chunk);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', keep);
  const waiting = new Map<number, Waiting>();
  let invocations = 0;
  const ended = new Promise<void>((resolve) => {
    child.on('exit', () => {
      for (const { reject } of waiting.values()) reject(new Error('the container has ended'));
      waiting.clear();
    });
    // Only then all that it wrote has been read.
    child.on('close', () => resolve());
  });
  const send = async <Result>(message: object): Promise<Result> =>
    await new Promise((resolve, reject) => {
      const id = ++invocations;
      waiting.set(id, { resolve, reject });
      child.send({ ...message, id });
    });
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: { ready?: boolean; id?: number; result?: never; error?: string }) => {
      if (message.ready === true) return resolve();
      const call = waiting.get(message.id ?? -1);
      waiting.delete(message.id ?? -1);
      if (message.error !== undefined) call?.reject(new Error(message.error));
      else call?.resolve(message.result as never);
    });
    child.on('error', reject);
    child.on('exit', () => setImmediate(() => reject(new Error(text))));
  });

  return {
    invoke: async (event, { timeoutMs = 29_000, instance, thenFreeze, requestId } = {}) =>
      await send({ event, timeoutMs, instance, thenFreeze, requestId }),
    shiftClock: async (shiftMs) => await send({ shiftMs }),
    freeze: () => {
      child.kill('SIGSTOP');
    },
    thaw: () => {
      child.kill('SIGCONT');
    },
    probe: async () => await send({ probe: true }),
    output: () => text,
    kill: () => {
      child.kill('SIGKILL');
    },
    stop: async () => {
      child.kill();
      child.kill('SIGCONT');
      await ended;
    },
  };
};

import { type Endpoint, endpointNames } from './endpoints.ts';

/** A request that reached the simulator. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  /** `undefined` where no endpoint has this path. */
  readonly endpoint: Endpoint | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of the answer; 0 where there was none (hang, broken connection), `undefined` while it is under way. */
  status: number | undefined;
  durationMs: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

/** Calls kept one by one; the counters know all of them. */
const keptCalls = 20_000;

export interface CallLog {
  readonly calls: readonly RecordedCall[];
  readonly counts: Readonly<Record<Endpoint, number>>;
  add(call: RecordedCall): void;
  clear(): void;
}

const zero = (): Record<Endpoint, number> =>
  Object.fromEntries(endpointNames.map((name) => [name, 0])) as Record<Endpoint, number>;

export const createCallLog = (): CallLog => {
  let calls: RecordedCall[] = [];
  let counts = zero();
  return {
    get calls() {
      return calls;
    },
    get counts() {
      return counts;
    },
    add: (call) => {
      if (call.endpoint !== undefined) counts[call.endpoint] += 1;
      if (calls.push(call) >= 2 * keptCalls) calls = calls.slice(-keptCalls);
    },
    clear: () => {
      calls = [];
      counts = zero();
    },
  };
};

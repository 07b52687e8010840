import * as v from 'valibot';
import { type Endpoint, endpointNames } from './endpoints.ts';

/** A way in which the simulated Genesys misbehaves. */
const faultSchema = v.strictObject({
  endpoint: v.optional(v.picklist([...endpointNames, '*']), '*'),
  /** How many calls it spoils; without it all, until it is cleared. */
  calls: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** Waits before anything else happens. */
  latencyMs: v.optional(v.pipe(v.number(), v.minValue(0))),
  /**
   * `status`: answers `status` (with `body`, `headers`) without doing anything. `limited`: limits for `seconds`
   * from now. `garbage`: an answer that is no JSON. `reset`: breaks the connection after reading the request;
   * `reset-early`: before. `hang`: never answers. The `-after` kinds do the work first and lose the answer.
   */
  kind: v.optional(
    v.picklist([
      'status',
      'limited',
      'garbage',
      'garbage-after',
      'reset-early',
      'reset',
      'reset-after',
      'hang',
      'hang-after',
    ]),
  ),
  status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)), 503),
  body: v.optional(v.unknown()),
  headers: v.optional(v.record(v.string(), v.string()), {}),
  seconds: v.optional(v.pipe(v.number(), v.minValue(0)), 30),
  /** What `Retry-After` says instead of the truth; empty leaves the header out. */
  retryAfter: v.optional(v.string()),
});
export type Fault = v.InferInput<typeof faultSchema>;
export type ArmedFault = v.InferOutput<typeof faultSchema> & { readonly armedAtMs: number };

export interface Faults {
  /** The first fault for this call, if any; uses up one of its calls. */
  take(endpoint: Endpoint): ArmedFault | undefined;
  /** @throws ValiError */
  add(fault: unknown): void;
  clear(): void;
}

const isOver = ({ kind, seconds, armedAtMs }: ArmedFault, nowMs: number): boolean =>
  kind === 'limited' && armedAtMs + seconds * 1000 <= nowMs;

export const createFaults = (now: () => number): Faults => {
  let armed: { readonly fault: ArmedFault; callsLeft: number }[] = [];
  return {
    take: (endpoint) => {
      armed = armed.filter(({ fault, callsLeft }) => callsLeft > 0 && !isOver(fault, now()));
      const found = armed.find(({ fault }) => fault.endpoint === '*' || fault.endpoint === endpoint);
      if (found === undefined) return undefined;
      found.callsLeft -= 1;
      return found.fault;
    },
    add: (fault) => {
      const parsed = v.parse(faultSchema, fault);
      armed.push({
        fault: { ...parsed, armedAtMs: now() },
        callsLeft: parsed.calls ?? Number.POSITIVE_INFINITY,
      });
    },
    clear: () => {
      armed = [];
    },
  };
};

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../local/genesys/faults.ts';
import { metricsIn, post, type Stack, startStack } from '../support/stack.ts';

/** Forty containers in two processes for each trouble: each has a module scope, clients and a token of its own. */
const processes = 2;
const perProcess = 20;
const herd = processes * perProcess;
/** Forty containers share one embedded table and two cores: its latency is not what this is about. */
const environment = { CRM_TIMEOUT_MS: '5000', INSTANCES: String(perProcess) };
/** Where nothing is in trouble, a slow machine is no reason to ask twice. */
const unhurried = { CRM_TIMEOUT_MS: '10000', GENESYS_TIMEOUT_MS: '20000', INIT_BUDGET_MS: '27000' };

interface Stampede {
  readonly statuses: readonly number[];
  /** When each call reached the login endpoint, in milliseconds after the first. */
  readonly callsAtMs: readonly number[];
}

/** Forty cold containers, each with its first visitor, all at once. */
const stampede = async (stack: Stack, fault: Fault | undefined): Promise<Stampede> => {
  if (fault !== undefined) stack.genesys.control.addFaults({ endpoint: 'oauth', ...fault });
  const containers = await Promise.all(
    Array.from({ length: processes }, async () => await stack.container()),
  );
  const answers = await Promise.all(
    containers.flatMap((container, p) =>
      Array.from(
        { length: perProcess },
        async (_, instance) =>
          await post(container, { sessionId: `visitor-${p}-${instance}` }, {}, { instance }),
      ),
    ),
  );
  const calls = stack.genesys.calls.filter(({ endpoint }) => endpoint === 'oauth').map(({ at }) => at);
  return {
    statuses: answers.map(({ status }) => status),
    callsAtMs: calls.map((at) => at - (calls[0] ?? 0)),
  };
};

/** The most calls in any one second. */
const peak = ({ callsAtMs }: Stampede): number =>
  Math.max(
    0,
    ...callsAtMs.map((from) => callsAtMs.filter((atMs) => atMs >= from && atMs < from + 1000).length),
  );

const troubles = {
  none: undefined,
  hangs: { kind: 'hang' },
  fails: { kind: 'status', status: 503 },
  limits: { kind: 'limited', seconds: 60, retryAfter: '5' },
} as const satisfies Record<string, Fault | undefined>;
type Trouble = keyof typeof troubles;

const stacks = new Map<Trouble, Stack>();
const stampedes = new Map<Trouble, Stampede>();
const of = (trouble: Trouble): Stampede => stampedes.get(trouble) as Stampede;
beforeAll(async () => {
  // One after the other: forty containers beside each other are as many as two cores bear.
  for (const trouble of Object.keys(troubles) as Trouble[]) {
    const stack = await startStack(trouble === 'none' ? { ...environment, ...unhurried } : environment);
    try {
      stacks.set(trouble, stack);
      stampedes.set(trouble, await stampede(stack, troubles[trouble]));
    } finally {
      await stack.stop();
    }
  }
}, 180_000);

describe('Forty containers, cold at once,', () => {
  it('ask a healthy login endpoint once', () => {
    expect(of('none').statuses).toEqual(Array(herd).fill(200));
    expect(of('none').callsAtMs).toHaveLength(1);
    expect(metricsIn(stacks.get('none')?.output() ?? '')['ColdStart']).toBe(herd);
  });

  it.each(['hangs', 'fails', 'limits'] as const)(
    'never send it more than five calls in any one second when it %s',
    (trouble) => {
      expect(of(trouble).callsAtMs.length).toBeGreaterThan(0);
      expect(peak(of(trouble))).toBeLessThanOrEqual(5);
    },
  );

  it.each(['hangs', 'fails', 'limits'] as const)(
    'and say that Genesys is unavailable when it %s',
    (trouble) => {
      expect(of(trouble).statuses).toHaveLength(herd);
      for (const status of of(trouble).statuses) expect([503, 504]).toContain(status);
    },
  );

  it('do not ask a login endpoint that limits before the time it named', () => {
    const calls = of('limits').callsAtMs;
    for (const [n, atMs] of calls.slice(1).entries()) {
      expect(atMs - (calls[n] ?? 0)).toBeGreaterThan(4500);
    }
  });
});

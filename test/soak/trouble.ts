import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../local/genesys/faults.ts';
import type { Treatment } from '../support/dynamodb-proxy.ts';
import type { Site } from './site.ts';

const few = { calls: 2 } as const;

/** What Genesys does, for a time or for some calls. */
const genesysFaults: Readonly<Record<string, Fault>> = {
  'Genesys is slow': { latencyMs: 300 },
  'Genesys limits guests for a moment': { endpoint: 'guest', kind: 'limited', seconds: 1 },
  // Longer than a request may wait: the registration is queued.
  'Genesys limits guests': { endpoint: 'guest', kind: 'limited', seconds: 2, retryAfter: '7' },
  'Genesys limits everything': { kind: 'limited', seconds: 1 },
  'Genesys answers 503': { kind: 'status', status: 503, calls: 4 },
  'Genesys answers 500 to a creation': { endpoint: 'guest', kind: 'status', status: 500, ...few },
  'Genesys answers garbage': { kind: 'garbage', ...few },
  'Genesys creates a guest and answers garbage': { endpoint: 'guest', kind: 'garbage-after', ...few },
  'Genesys breaks connections': { kind: 'reset', ...few },
  'Genesys creates a guest and breaks the connection': { endpoint: 'guest', kind: 'reset-after', ...few },
  'Genesys creates a guest and never answers': { endpoint: 'guest', kind: 'hang-after', calls: 1 },
  'Genesys hangs': { kind: 'hang', calls: 1 },
  'the token endpoint fails': { endpoint: 'oauth', kind: 'status', status: 500, ...few },
};

/** What the tables do; each call has this chance of it. */
const tableFaults: Readonly<Record<string, readonly [Treatment, chance: number]>> = {
  'the tables throttle': ['throttle', 0.5],
  'the tables are slow': [{ delayMs: 150 }, 0.7],
  'connections to the tables break': ['break', 0.3],
  'responses of the tables are lost': ['lose', 0.3],
  'a table call hangs': ['hang', 0.05],
  'the tables leave keys unprocessed': ['unprocessed', 0.5],
};

type Trouble = (site: Site, random: () => number) => void | Promise<void>;

const others: Readonly<Record<string, Trouble>> = {
  'the queue fails': ({ overflow }) => overflow.setFault({ failure: 500 }),
  'connections to the queue break': ({ overflow }) => overflow.setFault({ failure: 'reset' }),
  'the secret cannot be read': ({ stack }) => stack.secret.setFault({ failure: 500 }),
  // With web-messaging a rotation is a reason to mint each guest again: there it happens once in a run.
  'the client secret is rotated': ({ rotate, provider }) =>
    provider === 'webchat-v1' ? rotate() : undefined,
  'access tokens are revoked': ({ stack }) => stack.genesys.control.revokeTokens(),
  'Genesys forgets a guest': ({ forgetGuest }) => forgetGuest(),
  'a container is ended': async ({ fleet }) => await fleet.replaceOne(),
  'a container stands still for a moment': async ({ fleet }) => await fleet.freezeOne(300, sleep),
  // Longer than GENESYS_TIMEOUT_MS and a lease.
  'a container stands still for longer than its lease': async ({ fleet }) =>
    await fleet.freezeOne(5000, sleep),
};

const troubles: readonly (readonly [name: string, begin: Trouble])[] = [
  ...Object.entries(genesysFaults).map(
    ([name, fault]) => [name, ({ stack }: Site) => stack.genesys.control.addFaults(fault)] as const,
  ),
  ...Object.entries(tableFaults).map(
    ([name, [treatment, chance]]) =>
      [
        name,
        ({ proxy }: Site, random: () => number) =>
          proxy.treat(() => (random() < chance ? treatment : 'pass')),
      ] as const,
  ),
  ...Object.entries(others),
];

/** One trouble after the other, in a shuffled order, with a calm between; `stop` ends it and heals the site. */
export const startTrouble = (site: Site, random: () => number, met: Map<string, number>) => {
  let isStopped = false;
  let left: (typeof troubles)[number][] = [];
  const run = async (): Promise<void> => {
    while (!isStopped) {
      if (left.length === 0) left = [...troubles];
      const [next] = left.splice(Math.floor(random() * left.length), 1);
      if (next === undefined) continue;
      const [name, begin] = next;
      met.set(name, (met.get(name) ?? 0) + 1);
      await Promise.all([begin(site, random), sleep(100 + random() * 500)]);
      site.healthy();
      await sleep(100 + random() * 200);
    }
  };
  const running = run();
  return {
    stop: async (): Promise<void> => {
      isStopped = true;
      await running;
      site.healthy();
    },
  };
};

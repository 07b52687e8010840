import { externalIdOf } from '../../lambda/genesys/contact.ts';
import { hashSession, type SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { type Auditor, createAuditor } from './audit/auditor.ts';
import type { Violation } from './audit/facts.ts';
import { type Chance, createChance } from './kernel/chance.ts';
import { createNetwork, type Network } from './kernel/network.ts';
import { createScheduler, type Scheduler } from './kernel/scheduler.ts';
import { createTwists, type TwistList, type Twists } from './kernel/twists.ts';
import { createDynamoDb, type DynamoDb } from './models/dynamodb.ts';
import { createGenesys, type Genesys } from './models/genesys.ts';
import { createSqs, type Sqs } from './models/sqs.ts';
import { healedMs, type Plan } from './plan.ts';

export const tables = { registry: 'guests', crm: 'crm' } as const;
const startMs = Date.parse('2026-05-15T10:00:00.000Z');

/** What an operator keeps in Secrets Manager. */
export interface SecretDocument {
  clientId: string;
  clientSecret: string;
  sessionHashKeys: readonly { readonly id: string; readonly key?: string }[];
  sessionSigningKeys: readonly string[];
  externalIdKey: string;
}

/** All that the containers, visitors and teams of one world share. */
export interface World {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly startMs: number;
  readonly chance: Chance;
  readonly twists: Twists;
  readonly network: Network;
  readonly dynamoDb: DynamoDb;
  readonly sqs: Sqs;
  readonly genesys: Genesys;
  readonly secret: SecretDocument;
  readonly auditor: Auditor;
  /** Session names by each of their hashes. */
  readonly names: Map<string, string>;
  /** Session hashes under the keys of the secret as it is now, newest first. */
  hashesOf(sessionId: string): readonly string[];
  /** Remembers whose hashes these are, after the keys have changed. */
  nameHashes(): void;
  tell(sentence: string): void;
}

const key = (letter: string): string => Buffer.alloc(32, letter).toString('base64');
export const hashKeysBefore = [{ id: 'k1', key: key('a') }];
export const hashKeyAfter = { id: 'k2', key: key('b') };
export const signingKey = Buffer.alloc(32, 's');

/** How Genesys knows the customer of a session. */
export const externalIdIn = ({ externalIdKey }: SecretDocument, session: string): string =>
  externalIdOf(`crm-${session}`, Buffer.from(externalIdKey, 'base64'));

const baseFaults: Readonly<Record<Plan['mood'], number>> = {
  calm: 0,
  changes: 0,
  limits: 0,
  outage: 0,
  genesys: 0.005,
  tables: 0.005,
  herd: 0,
  everything: 0.01,
};

const time = (ms: number): string => {
  const whole = new Date(ms).toISOString();
  const days = Math.floor(ms / 86_400_000);
  return `${days > 0 ? `day ${days} ` : ''}${whole.slice(11, 23)}`;
};

export const createWorld = (plan: Plan, trace: string[] | undefined): World => {
  const scheduler = createScheduler(startMs);
  const now = (): number => scheduler.now();
  const chance = createChance(plan.seed);
  const healed = (): boolean => now() >= startMs + healedMs - 120_000;
  const random = createTwists(chance, baseFaults[plan.mood], plan.twists);
  const calm = createTwists(chance, 0, plan.twists);
  const twists: Twists = {
    used: random.used,
    of: (name, dependency, weather) => {
      const twist = (healed() ? calm : random).of(name, dependency, weather);
      const used = calm.used.get(name);
      if (used !== undefined) random.used.set(name, used);
      return twist;
    },
    choose: random.choose,
  };
  const tell = (sentence: string): void => {
    trace?.push(`${time(now() - startMs)} ${sentence}`);
  };
  const names = new Map<string, string>();
  const secret: SecretDocument = {
    clientId: 'client-1',
    clientSecret: 'client-secret-1',
    sessionHashKeys: plan.hashKeys ? hashKeysBefore : [],
    sessionSigningKeys: [signingKey.toString('base64')],
    externalIdKey: key('e'),
  };
  const auditor = createAuditor({ plan, startMs, now, registryTable: tables.registry, names });
  const customers = new Map(plan.sessions.map(({ name }) => [externalIdIn(secret, name), name]));
  const genesys = createGenesys(now, {
    callsPerMinute: plan.callsPerMinute,
    oauthCallsPerMinute: 60,
    onContact: ({ kind, contact: { id, externalId }, body }) => {
      const session = customers.get(externalId) ?? 'nobody';
      const unsent = { by: '', sentAtMs: now() };
      auditor.facts.contacts.push({ kind, id, externalId, session, body, atMs: now(), ...unsent });
    },
    tokenSeconds: plan.mood === 'genesys' ? 600 : 86_400,
  });
  genesys.accept([secret.clientSecret]);

  const hashesOf = (sessionId: string): readonly string[] => {
    const keys = secret.sessionHashKeys.map(
      ({ id, key: text }): SessionHashKey =>
        text === undefined ? { id: 'plain' } : { id, key: Buffer.from(text, 'base64') },
    );
    return hashSession(sessionId, keys);
  };
  const nameHashes = (): void => {
    for (const { name, id } of plan.sessions) for (const hash of hashesOf(id)) names.set(hash, name);
  };
  nameHashes();

  const weather: Parameters<typeof createNetwork>[0]['weather'] = (dependency) => {
    const atMs = now() - startMs;
    for (const event of plan.events) {
      if (event.kind !== 'weather' || event.of !== dependency) continue;
      if (event.atMs <= atMs && atMs < event.untilMs) return event.is;
    }
    return 'fair';
  };

  return {
    plan,
    scheduler,
    startMs,
    chance,
    twists,
    network: createNetwork({ scheduler, twists, weather, tell, cuts: plan.mood !== 'calm' }),
    dynamoDb: createDynamoDb(now, chance, (write) => auditor.written(write)),
    sqs: createSqs(now, chance, { visibilityMs: 360_000, maxReceives: 12 }),
    genesys,
    secret,
    auditor,
    names,
    hashesOf,
    nameHashes,
    tell,
  };
};

/** How a world went. */
export interface Outcome {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  /** Everything that was out of the ordinary. */
  readonly twists: TwistList;
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

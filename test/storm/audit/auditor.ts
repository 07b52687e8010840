import type { TableWrite } from '../models/dynamodb.ts';
import type { Item } from '../models/expressions.ts';
import type { Plan } from '../plan.ts';
import type { Facts, LogLine, Violation } from './facts.ts';
import { createPromises } from './promises.ts';
import { resolvePromises } from './resolving.ts';
import { checkResolved, checkResponse, checkSealed, checkText, checkWrite } from './steps.ts';

/** Only what looks like a guest's or a queue's number in the registry. */
const stillWaits = (write: TableWrite): number | undefined => {
  const at = write.after?.['queuedAt']?.['N'];
  return at === undefined ? undefined : Number(at);
};

/**
 * What may be under way when a response leaves: the read of a stale secret goes on with the next request; the
 * pause of the shared token is sent, and its loss costs the fleet no more than the time of a lease.
 */
const harmless = /GetSecretValue|the SDK repeats|the shared token \(pausedUntil\)/;
/** Contract: GENESYS_TIMEOUT_MS, and clocks may differ. */
const longestCreationMs = 4000 + 500;
/** Contract: 120 s, and clocks may differ. */
const youngestTooOldMs = 118_000;

export interface AuditorOptions {
  readonly plan: Plan;
  readonly startMs: number;
  readonly now: () => number;
  readonly registryTable: string;
  /** Session names by hash. */
  readonly names: ReadonlyMap<string, string>;
}

/** Stands outside: sees Genesys' log, tables, queue, responses and log lines, and knows the promises. */
export const createAuditor = ({ plan, startMs, now, registryTable, names }: AuditorOptions) => {
  const violations: Violation[] = [];
  const facts: Facts = {
    plan,
    exchanges: [],
    resolvings: [],
    contacts: [],
    logs: [],
    metrics: new Map(),
    guests: [],
    adoptions: [],
    heardCreations: 0,
    crashes: [],
    crmReads: [],
    loginCalls: [],
    erasures: [],
    queued: new Map(),
    secretChanges: [],
    clientSecretChanges: [],
    deadLetters: [],
  };

  const note = (found: Iterable<Omit<Violation, 'atMs' | 'session'>>, session?: string): void => {
    for (const { promise, text } of found) violations.push({ promise, text, session, atMs: now() });
  };

  const metric = (name: string, value: unknown): void => {
    const sum = Array.isArray(value) ? value.reduce((total, one) => total + Number(one), 0) : Number(value);
    if (!Number.isNaN(sum)) facts.metrics.set(name, (facts.metrics.get(name) ?? 0) + sum);
  };

  return {
    facts,
    violations,

    written: (write: TableWrite): void => {
      if (write.table !== registryTable) return;
      const session = names.get(write.key);
      note(checkWrite(write, now()), session);
      if (session === undefined) return;
      const guestId = write.after?.['guestId']?.['S'];
      const guest =
        guestId === write.before?.['guestId']?.['S']
          ? undefined
          : facts.guests.find(({ id }) => id === guestId);
      if (guest !== undefined && guest.by !== write.by) {
        facts.adoptions.push({ session, guestId: guest.id, atMs: now() });
      }
      const at = stillWaits(write);
      if (at === undefined) facts.queued.delete(session);
      else facts.queued.set(session, at);
    },

    /** A line on standard output: a log line, or metrics. */
    line: (text: string): void => {
      note(checkText('a log line', text));
      note(checkSealed('a log line', text));
      const line = JSON.parse(text) as Record<string, unknown>;
      if (line['_aws'] !== undefined) {
        for (const [name, value] of Object.entries(line)) metric(name, value);
        return;
      }
      const { code, level, requestId, ...fields } = line;
      const id = typeof requestId === 'string' ? requestId : undefined;
      const logged: LogLine = { atMs: now(), code: `${code}`, level: `${level}`, requestId: id, fields };
      facts.logs.push(logged);
      const session = names.get(String(fields['sessionHash']));
      const queuedAtMs = session === undefined ? undefined : facts.queued.get(session);
      if (
        logged.code === 'registration_given_up' &&
        fields['reason'] === 'too_old' &&
        queuedAtMs !== undefined
      ) {
        const ageMs = now() - queuedAtMs;
        const promise = 'a queued registration ends as guest or as failed';
        const text = `${session} was given up as too old after ${Math.round(ageMs / 1000)} s`;
        if (ageMs < youngestTooOldMs) violations.push({ promise, session, text, atMs: now() });
      }
    },

    /** A creation is about to be sent: a lease must cover it, or the registry is away. */
    creating: (by: string, session: string, entries: readonly Item[]): void => {
      const untilMs = Math.max(0, ...entries.map((item) => Number(item['leaseUntil']?.['N'] ?? 0)));
      const away = facts.logs.some(
        ({ code, requestId }) => code === 'registry_unavailable' && requestId === by,
      );
      if (away || untilMs - now() >= longestCreationMs) return;
      const text = `${by} creates a guest under a lease that ends in ${untilMs - now()} ms`;
      violations.push({ promise: 'a guest is created under a lease', session, text, atMs: now() });
    },

    sent: (where: string, text: string): void => note(checkText(where, text)),

    responded: (name: string, session: string, status: number, body: string): void =>
      note(checkResponse(name, status, body, `Firstname-${session}.`), session),

    resolved: (name: string, session: string, text: string): void =>
      note(checkResolved(name, session, text), session),

    /** What was still under way when a response left its container. */
    left: (name: string, operations: readonly string[], timers: number): void => {
      const matters = operations.filter((operation) => !harmless.test(operation));
      const promise = 'nothing left running after an answer';
      if (matters.length > 0)
        violations.push({ promise, text: `${name} left ${matters.join(', ')}`, atMs: now() });
      if (timers > 0 && operations.length === 0) {
        violations.push({ promise, text: `${name} left ${timers} timers`, atMs: now() });
      }
    },

    finish: (): Violation[] => {
      for (const [promise, check] of Object.entries({ ...createPromises(names), ...resolvePromises })) {
        for (const found of check(facts, startMs)) violations.push({ promise, ...found });
      }
      return violations.sort((a, b) => a.atMs - b.atMs);
    },
  };
};
export type Auditor = ReturnType<typeof createAuditor>;

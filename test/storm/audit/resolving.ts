import { registryWasAway, silenceBroken, wasErased } from './excuses.ts';
import type { Check, Exchange, Facts, Resolving } from './facts.ts';

/** Contract: `RESOLVE_BUDGET_MS`; what is owed to others (`remove`) may take 500 ms more. */
const longestResolveMs = 4500;
const personalFields = ['firstName', 'email', 'externalContactId', 'crmTier', 'historicalTickets'] as const;

const sessionOf = ({ exchange }: Resolving): string => exchange.visit.session;
const isFound = ({ found }: Resolving): boolean => found?.['found'] === true;
const isForged = ({ forge }: Resolving): boolean => forge !== undefined;

/** A secret that was rotated is in use everywhere after so long, in containers that are asked. */
const secretSpreadsMs = 300_000;
/** A read of the stale secret that began beside a request has ended after so long, or is waited for. */
const secretCatchesUpMs = 4000;
/** From reading the secret at a start to the first request, where nothing is wrong. */
const slowestStartMs = 3000;

/**
 * A reference is sealed with the client secret, and `resolve` knows the newest. A container that stood still while
 * that changed seals once more with the one that it knows, and in the seconds after that.
 */
const isSealedAnew = (exchange: Exchange, changedAtMs: number, facts: Facts): boolean => {
  if (facts.plan.mood === 'everything') return false;
  const served = facts.exchanges.filter(({ container }) => container === exchange.container);
  const isYounger = served.every(({ startedAtMs }) => startedAtMs > changedAtMs + slowestStartMs);
  const hasCaughtUp = served.some(
    ({ startedAtMs, status }) =>
      status === 200 &&
      startedAtMs > changedAtMs + secretSpreadsMs &&
      startedAtMs + secretCatchesUpMs < exchange.startedAtMs,
  );
  return isYounger || hasCaughtUp;
};

/** The session's guest stayed the one of a response from there until a time, as far as can be seen. */
const isCurrent = (exchange: Exchange, untilMs: number, facts: Facts): boolean => {
  const { visit, body, startedAtMs } = exchange;
  const beside = facts.exchanges.filter(
    (other) =>
      other.visit.session === visit.session &&
      other.startedAtMs <= untilMs &&
      (other.endedAtMs ?? Infinity) >= startedAtMs,
  );
  return (
    beside.every((other) => other.status === 200 && other.body?.['guestId'] === body?.['guestId']) &&
    untilMs < Date.parse(String(body?.['expiresAt'])) - 60_000 &&
    !registryWasAway(facts, visit.session) &&
    !wasErased(facts, visit.session) &&
    facts.clientSecretChanges.every((atMs) => atMs > untilMs || isSealedAnew(exchange, atMs, facts))
  );
};

/** Whether somebody has refused, or has begun to, before a time, and nobody has consented since. */
const hasRefused = (resolving: Resolving, facts: Facts): boolean =>
  silenceBroken(
    facts,
    sessionOf(resolving),
    resolving.startedAtMs,
    facts.exchanges.filter(
      ({ visit, status }) =>
        visit.session === sessionOf(resolving) && visit.given === false && status === 200,
    ),
  );

/** What is promised of `resolve` and of contacts at Genesys. */
export const resolvePromises: Readonly<Record<string, Check>> = {
  'a reference opens its own session, to its first conversation': function* ({ resolvings }) {
    for (const one of resolvings) {
      if (isForged(one) && isFound(one)) {
        const text = `${one.name} found somebody with a forged reference (${one.forge})`;
        yield { atMs: one.startedAtMs, session: sessionOf(one), text };
      }
    }
    const firsts = new Map<Exchange, Resolving>();
    for (const one of resolvings) {
      if (!isFound(one)) continue;
      const first = firsts.get(one.exchange) ?? one;
      firsts.set(one.exchange, first);
      if (first.conversation !== one.conversation) {
        const text = `${one.name} and ${first.name} found the same visitor for two conversations`;
        yield { atMs: one.startedAtMs, session: sessionOf(one), text };
      }
    }
  },

  'a reference ends with its guest': function* (facts) {
    for (const one of facts.resolvings) {
      const session = sessionOf(one);
      if (!isFound(one) || registryWasAway(facts, session)) continue;
      const before = facts.exchanges.filter(
        ({ visit, status, endedAtMs = Infinity }) =>
          visit.session === session && status === 200 && endedAtMs < one.startedAtMs,
      );
      const own = one.exchange.body?.['guestId'];
      const others = before.filter(({ body }) => body?.['guestId'] !== own);
      const replaced = others.some(({ startedAtMs }) =>
        before.every(
          (other) => other.body?.['guestId'] !== own || (other.endedAtMs ?? Infinity) < startedAtMs,
        ),
      );
      if (replaced) {
        const text = `${one.name} found somebody by the reference of a guest who had been replaced`;
        yield { atMs: one.startedAtMs, session, text };
      }
    }
  },

  'a visitor who writes is found': function* (facts) {
    for (const one of facts.resolvings) {
      const { exchange, endedAtMs, found } = one;
      if (isForged(one) || endedAtMs === undefined || found === undefined || isFound(one)) continue;
      const isFirst = facts.resolvings.every(
        (other) =>
          other.exchange !== exchange ||
          isForged(other) ||
          other.conversation === one.conversation ||
          other.startedAtMs > endedAtMs,
      );
      if (isFirst && isCurrent(exchange, endedAtMs, facts)) {
        yield { atMs: endedAtMs, session: sessionOf(one), text: `${one.name} found nobody` };
      }
    }
  },

  'every question of a flow is answered within its budget': function* ({ resolvings, crashes, plan, logs }) {
    for (const one of resolvings) {
      const { name, startedAtMs, endedAtMs = Infinity, failed } = one;
      if (crashes.some(({ by }) => by === name)) continue;
      const tookMs = endedAtMs - startedAtMs;
      const at = { atMs: startedAtMs, session: sessionOf(one) };
      if (tookMs > longestResolveMs) yield { ...at, text: `${name} took ${tookMs} ms` };
      if (failed === undefined) continue;
      if (failed !== 'ResolveFailedError: The visitor could not be looked up.') {
        yield { ...at, text: `${name} failed with ${failed}` };
      }
      // The containers of an organisation share tables: one of them may have said so, and not ask again for a while.
      const hasCause = logs.some(
        ({ code, atMs }) =>
          /^(?:registry_call_failed|tables_unavailable|secret_unavailable|secret_stale)$/.test(code) &&
          atMs > startedAtMs - 60_000 &&
          atMs <= endedAtMs,
      );
      if (!hasCause || /^(?:calm|changes|limits|herd)$/.test(plan.mood)) {
        yield { ...at, text: `${name} failed without a cause` };
      }
    }
  },

  'an agent sees nothing of a customer who refused': function* (facts) {
    for (const one of facts.resolvings) {
      if (!isFound(one)) continue;
      const shown = personalFields.filter((field) => one.found?.[field] !== undefined);
      if (shown.length === 0) continue;
      const at = { atMs: one.startedAtMs, session: sessionOf(one) };
      if (one.found?.['consentGiven'] !== true) {
        yield { ...at, text: `${one.name} shows ${shown.join(', ')} without consent` };
      }
      if (hasRefused(one, facts)) yield { ...at, text: `${one.name} shows ${shown[0]} after a refusal` };
    }
    for (const { by, atMs, session } of facts.crmReads) {
      const one = facts.resolvings.find(({ name }) => name === by);
      if (one !== undefined && hasRefused(one, facts)) {
        yield { atMs, session, text: `${by} read the CRM after a refusal` };
      }
    }
  },

  'one contact for each customer': function* ({ contacts, resolvings, logs, plan }) {
    const ids = new Map<string, string>();
    for (const { kind, id, externalId, session, by, body, atMs } of contacts) {
      const at = { atMs, session };
      if (session === 'nobody') yield { ...at, text: `${id} has an id that is no customer's` };
      if (body.includes('crm-')) yield { ...at, text: `${by} told Genesys the CRM's own id` };
      if (kind === 'deleted') ids.delete(externalId);
      else {
        const before = ids.get(externalId) ?? id;
        ids.set(externalId, id);
        if (before !== id) yield { ...at, text: `${id} doubles ${before}` };
        if (!body.includes(`${session}@customers.example`)) {
          yield { ...at, text: `${by} wrote somebody else's address to the contact of ${session}` };
        }
      }
    }
    for (const one of resolvings) {
      const id = one.found?.['externalContactId'];
      const owner = contacts.find((contact) => contact.id === id)?.session;
      if (id !== undefined && owner !== sessionOf(one)) {
        yield { atMs: one.startedAtMs, session: sessionOf(one), text: `${one.name} shows ${id} of ${owner}` };
      }
    }
    if (plan.mood !== 'calm') return;
    // An unchanged record is written once: again only beside another question that had not ended.
    const written = Map.groupBy(
      contacts.filter(({ kind }) => kind === 'written'),
      ({ session, body }) => `${session} ${body}`,
    );
    for (const [first, ...more] of written.values()) {
      const endedAtMs = resolvings.find(({ name }) => name === first?.by)?.endedAtMs ?? Infinity;
      for (const { by, session, atMs } of more) {
        const one = resolvings.find(({ name }) => name === by);
        const isSame =
          one?.exchange.body?.['guestId'] ===
          resolvings.find(({ name }) => name === first?.by)?.exchange.body?.['guestId'];
        if (one === undefined || one.startedAtMs <= endedAtMs || !isSame) continue;
        yield { atMs, session, text: `${by} wrote a contact again that had not changed` };
      }
    }
    for (const { code, requestId, atMs } of logs) {
      if (code === 'contact_degraded') yield { atMs, text: `${requestId} had no contact in a calm world` };
    }
  },

  'after an erasure no contact is left': function* ({ contacts, erasures }) {
    for (const { session, untilMs } of erasures) {
      if (untilMs === Infinity) continue;
      const last = contacts.findLast((change) => change.session === session);
      // A request that the network holds back for longer than the eraser waits is lost to everybody.
      if (last?.kind === 'written' && (last.atMs <= untilMs || last.sentAtMs > untilMs)) {
        yield { atMs: last.atMs, session, text: `${last.id} was left of ${session}, by ${last.by}` };
      }
    }
  },

  'resolve counts what it answers': function* ({ resolvings, metrics, crashes }, startMs) {
    const answered = resolvings.filter(({ endedAtMs }) => endedAtMs !== undefined);
    const classes = {
      Resolved: answered.filter(isFound).length,
      ResolveFailed: answered.filter(({ failed }) => failed !== undefined).length,
    };
    for (const [name, count] of Object.entries(classes)) {
      const counted = metrics.get(name) ?? 0;
      if (crashes.length === 0 && counted !== count) {
        yield { atMs: startMs, text: `${name} says ${counted}, and there were ${count}` };
      }
    }
  },
};

import { healedMs, type Visit } from '../plan.ts';
import { guestTtlMs, registryWasAway, sessionOf, silenceBroken, wasErased } from './excuses.ts';
import type { Check, CreatedGuest, Exchange, Facts, LogLine } from './facts.ts';

/** Contract: 8 s; what is owed to others (`complete`) may take 500 ms more. */
const longestAnswerMs = 8500;

/** Longest that a registration is said to wait, and a fault of Genesys may be why. */
const queuedStateMs = 900_000;

const profileKey = ({ body }: CreatedGuest): string =>
  JSON.stringify([
    body.name,
    body.email.startsWith('visitor_') ? null : body.email,
    body.consentGiven,
    body.consentType,
    Object.entries(body.attributes)
      .map(([name, value]) => [name, String(value).startsWith('visitor_') ? null : value])
      .sort(),
  ]);

const bySession = <T>(all: readonly T[], session: (one: T) => string): Map<string, T[]> =>
  Map.groupBy(all, session);

const sameStatement = (one: Visit, other: Visit): boolean =>
  one.given === other.given && one.type === other.type && one.signed === other.signed;

const isIssued = ({ status }: Exchange): boolean => status === 200;

const orphansOf = (logs: readonly LogLine[], session: string, names: ReadonlyMap<string, string>): number =>
  logs.filter(
    ({ code, fields }) => code === 'guest_orphaned' && names.get(String(fields['sessionHash'])) === session,
  ).length;

/** Whether something that the contract names excuses a second guest. */
const excused = (before: CreatedGuest, after: CreatedGuest, facts: Facts): boolean => {
  const between = (atMs: number): boolean => atMs >= before.atMs - 10_000 && atMs <= after.atMs;
  return (
    after.atMs - before.atMs >= guestTtlMs - 60_000 ||
    before.isForgotten() ||
    // The visitor had another guest in between: one of an earlier statement that was still known.
    facts.adoptions.some(
      ({ session, guestId, atMs }) =>
        session === before.session &&
        atMs > before.atMs &&
        atMs <= after.sentAtMs &&
        facts.guests.some((guest) => guest.id === guestId && profileKey(guest) !== profileKey(before)),
    ) ||
    facts.erasures.some(
      // It deletes more than once, and may have begun long before.
      ({ session, fromMs, untilMs }) =>
        session === before.session && fromMs <= after.atMs && untilMs >= before.atMs - 10_000,
    ) ||
    // Registry away: one guest per container, and a metric says so.
    (before.container !== after.container &&
      facts.logs.some(
        ({ code, atMs, requestId, fields }) =>
          (code === 'registry_unavailable' || (code === 'message_failed' && fields['name'] !== undefined)) &&
          between(atMs) &&
          (requestId?.startsWith('drain') === true || sessionOf(requestId) === before.session),
      ))
  );
};

export const createPromises = (names: ReadonlyMap<string, string>): Readonly<Record<string, Check>> => ({
  'one guest per session, profile and consent': function* (facts) {
    for (const [session, guests] of bySession(facts.guests, (guest) => guest.session)) {
      const extras = guests.filter((guest, index) => {
        const before = guests[index - 1];
        return (
          before !== undefined && profileKey(before) === profileKey(guest) && !excused(before, guest, facts)
        );
      });
      if (extras.length > orphansOf(facts.logs, session, names)) {
        const [extra] = extras;
        yield {
          atMs: extra?.atMs ?? 0,
          session,
          text: `${extra?.id} doubles a guest, and no orphan was counted`,
        };
      }
    }
    // A container knows the guest that it answered with last, whatever the registry says.
    for (const [session, guests] of bySession(facts.guests, (guest) => guest.session)) {
      for (const [index, guest] of guests.entries()) {
        const before = guests[index - 1];
        const isKnown =
          before?.container === guest.container &&
          guest.sentAtMs >= before.atMs &&
          facts.exchanges.some(({ status, body }) => status === 200 && body?.['guestId'] === before.id);
        if (before === undefined || !isKnown || profileKey(before) !== profileKey(guest)) continue;
        const hasChangedMind = facts.exchanges.some(
          ({ container, visit, status, body, startedAtMs, endedAtMs = Infinity }) =>
            container === guest.container &&
            visit.session === session &&
            status === 200 &&
            body?.['guestId'] !== before.id &&
            startedAtMs > before.atMs &&
            endedAtMs < guest.sentAtMs,
        );
        if (hasChangedMind || excused(before, guest, facts)) continue;
        yield {
          atMs: guest.atMs,
          session,
          text: `${guest.id} doubles ${before.id}, which ${guest.container} knew`,
        };
      }
    }
    // Minted guests leave no trace at Genesys: the answers show them.
    if (facts.plan.provider !== 'web-messaging') return;
    for (const [session, exchanges] of bySession(
      facts.exchanges.filter(isIssued),
      ({ visit }) => visit.session,
    )) {
      yield* mintedTwice(session, exchanges, facts);
    }
  },

  'a token only to its session': function* ({ exchanges, guests }) {
    const sessionOfGuest = new Map(guests.map(({ id, session }) => [id, session]));
    const seen = new Map<unknown, string>();
    for (const { status, body, visit, endedAtMs = 0 } of exchanges) {
      if (status !== 200 || body === undefined) continue;
      const { guestId, accessToken } = body;
      const owner = sessionOfGuest.get(String(guestId)) ?? seen.get(guestId) ?? visit.session;
      seen.set(guestId, visit.session);
      const other = seen.get(accessToken) ?? visit.session;
      seen.set(accessToken, visit.session);
      if (owner !== visit.session || other !== visit.session) {
        yield {
          atMs: endedAtMs,
          session: visit.session,
          text: `the response holds a guest or token of ${owner}`,
        };
      }
    }
  },

  'every request answered once, within its budget': function* ({ exchanges, crashes }) {
    for (const { name, visit, startedAtMs, endedAtMs, status } of exchanges) {
      if (status === undefined && crashes.some(({ by }) => by === name)) continue;
      const tookMs = (endedAtMs ?? Infinity) - startedAtMs;
      if (tookMs > longestAnswerMs) {
        yield { atMs: startedAtMs, session: visit.session, text: `${name} took ${tookMs} ms` };
      }
    }
  },

  'after the faults end each session is served': function* ({ exchanges, plan }, startMs) {
    const last = new Map(
      exchanges
        .filter(({ visit }) => visit.atMs >= healedMs)
        .map((exchange) => [exchange.visit.name, exchange]),
    );
    for (const visit of plan.visits) {
      if (visit.atMs < healedMs) continue;
      const exchange = last.get(visit.name);
      const wasVerified = plan.visits.some(
        (other) => other.session === visit.session && other.signed === true,
      );
      if (exchange?.status === 401 && wasVerified && visit.signed !== true) continue;
      if (exchange?.status !== 200) {
        const said = exchange?.body?.['code'] ?? exchange?.status ?? 'nothing';
        yield {
          atMs: startMs + visit.atMs,
          session: visit.session,
          text: `${visit.name} ended with ${said}`,
        };
      }
    }
  },

  'an error has a cause': function* ({ exchanges, plan, logs }) {
    const allowed: readonly number[] = {
      calm: [],
      changes: [],
      limits: [202, 503, 504],
      outage: [202, 503, 504],
      genesys: [202, 500, 502, 503, 504],
      tables: [202, 500, 502, 503, 504],
      herd: [202, 503, 504],
      everything: [202, 500, 502, 503, 504],
    }[plan.mood];
    const expected = plan.verification === 'off' ? [200, ...allowed] : [200, 401, ...allowed];
    const secretAway = (from: number, until: number): boolean =>
      logs.some(
        ({ code, atMs }) => /^secret_(?:unavailable|invalid)$/.test(code) && atMs >= from && atMs <= until,
      );
    const genesysAway = (from: number, until: number): boolean =>
      logs.some(
        ({ code, atMs }) =>
          /^(?:(?:genesys|oauth)_(?:limited|failed)|creation_held)$/.test(code) &&
          atMs >= from &&
          atMs <= until,
      );
    for (const { name, visit, status, body, startedAtMs, endedAtMs = 0 } of exchanges) {
      if (status === undefined || (visit.misspelt === true && status === 400)) continue;
      const isExpected =
        expected.includes(status) &&
        visit.misspelt !== true &&
        (status !== 500 || secretAway(startedAtMs - 5000, endedAtMs)) &&
        (status !== 202 || genesysAway(startedAtMs - queuedStateMs, endedAtMs));
      if (!isExpected) {
        yield { atMs: endedAtMs, session: visit.session, text: `${name}: ${status} ${body?.['code'] ?? ''}` };
      }
    }
    for (const { code, atMs, requestId, fields } of logs) {
      // An expired lease only says that a guest may be orphaned.
      const isLost = code === 'guest_orphaned' && fields['reason'] !== 'lease_expired';
      if (isLost && (plan.mood === 'limits' || plan.mood === 'calm')) {
        const text = `${requestId} orphaned a guest (${fields['reason']}) where nothing was lost`;
        yield { atMs, session: sessionOf(requestId), text };
      }
    }
  },

  'a guest that fits is used before anything else': function* (facts) {
    if (facts.plan.mood !== 'limits') return;
    for (const [session, exchanges] of bySession(facts.exchanges, ({ visit }) => visit.session)) {
      const guests = facts.guests.filter((guest) => guest.session === session);
      const found = exchanges.find(({ status, visit, startedAtMs, endedAtMs = 0 }) => {
        if (status !== 202 || visit.given === undefined) return false;
        const newest = guests.findLast(({ atMs }) => atMs <= endedAtMs);
        return exchanges.some(
          (one) =>
            one.status === 200 &&
            (one.endedAtMs ?? Infinity) < startedAtMs &&
            one.body?.['guestId'] === newest?.id &&
            sameStatement(one.visit, visit),
        );
      });
      if (found !== undefined) {
        yield {
          atMs: found.startedAtMs,
          session,
          text: `${found.name} was queued although its guest was known`,
        };
      }
    }
  },

  'a response is as the contract says': function* ({ exchanges, plan }) {
    for (const { status, body, name, visit, endedAtMs = 0 } of exchanges) {
      if (status !== 200) continue;
      if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(String(body?.['expiresAt']))) {
        yield { atMs: endedAtMs, session: visit.session, text: `${name}: expiresAt is not in UTC` };
      }
      const shown = Object.keys((body?.['crmAttributes'] ?? {}) as object).length;
      if (!plan.exposes && shown > 0) {
        yield { atMs: endedAtMs, session: visit.session, text: `${name} shows ${shown} attributes` };
      }
    }
  },

  'a freeze is not a timeout': function* ({ plan, logs }) {
    if (plan.mood !== 'calm') return;
    const harmless = new Set(['signature_refused', 'request_refused', 'reference_reused']);
    for (const { level, code, atMs, requestId } of logs) {
      if ((level === 'WARN' || level === 'ERROR') && !harmless.has(code)) {
        yield { atMs, session: sessionOf(requestId), text: `${code} where nothing was wrong` };
      }
    }
  },

  'refused consent keeps the CRM unread': function* (facts) {
    const refusals = bySession(
      facts.exchanges.filter(({ visit, status }) => visit.given === false && status === 200),
      ({ visit }) => visit.session,
    );
    for (const { session, by, atMs } of facts.crmReads) {
      // Those of `resolve` are looked at beside its own promises.
      if (facts.resolvings.some(({ name }) => name === by)) continue;
      const exchange = facts.exchanges.find(({ name }) => name === by);
      if (exchange?.visit.given === false)
        yield { atMs, session, text: `${by} refused, and its CRM record was read` };
      if (exchange?.visit.given !== undefined && exchange.visit.given) continue;
      if (silenceBroken(facts, session, exchange?.startedAtMs ?? atMs, refusals.get(session) ?? [])) {
        yield { atMs, session, text: `${by} read the CRM although the session had refused` };
      }
    }
    for (const guest of facts.guests) {
      const exchange = facts.exchanges.find(({ name }) => name === guest.by);
      if (exchange?.visit.given === false && guest.body.consentGiven) {
        yield { atMs: guest.atMs, session: guest.session, text: `${guest.id} was registered as consenting` };
      }
    }
  },

  'an unverified request never enters a verified session': function* (facts) {
    if (facts.plan.verification === 'off') return;
    for (const [session, exchanges] of bySession(
      facts.exchanges.filter(isIssued),
      ({ visit }) => visit.session,
    )) {
      const first = exchanges.find(({ visit }) => visit.signed === true);
      const until = (first?.endedAtMs ?? Infinity) + guestTtlMs - 60_000;
      const later = exchanges.find(
        ({ visit, startedAtMs }) =>
          visit.signed !== true && startedAtMs > (first?.endedAtMs ?? Infinity) && startedAtMs < until,
      );
      if (later !== undefined && !registryWasAway(facts, session) && !wasErased(facts, session)) {
        yield { atMs: later.startedAtMs, session, text: `${later.name} was served without a signature` };
      }
      const unverified = new Set(
        exchanges.filter(({ visit }) => visit.signed !== true).map(({ body }) => body?.['guestId']),
      );
      const shared = exchanges.find(
        ({ visit, body }) => visit.signed === true && unverified.has(body?.['guestId']),
      );
      if (shared !== undefined && !registryWasAway(facts, session)) {
        yield {
          atMs: shared.startedAtMs,
          session,
          text: `${shared.name} got the guest of an unverified time`,
        };
      }
    }
  },

  'after an erasure nothing comes back': function* ({ erasures, guests, exchanges, crmReads: _ }) {
    for (const { session, untilMs } of erasures) {
      // A request from before goes on for its budget.
      const after = guests.find(
        (guest) =>
          guest.session === session &&
          guest.atMs > untilMs &&
          !guest.body.email.startsWith('visitor_') &&
          !exchanges.some(({ name, startedAtMs }) => name === guest.by && startedAtMs <= untilMs),
      );
      if (after !== undefined) {
        yield { atMs: after.atMs, session, text: `${after.id} was made of a record that had been erased` };
      }
    }
  },

  'login calls are bounded': function* ({ loginCalls, logs, secretChanges }) {
    for (const [index, call] of loginCalls.entries()) {
      const beside = loginCalls.slice(0, index).find((other) => other.untilMs > call.fromMs);
      const tableAway = logs.some(
        ({ code, atMs }) =>
          code === 'token_vault_unavailable' && atMs > call.fromMs - 60_000 && atMs <= call.fromMs + 10_000,
      );
      if (beside !== undefined && !tableAway) {
        yield { atMs: call.fromMs, text: `${call.by} asked for a token while ${beside.by} was asking` };
      }
      const within = (ms: number, atMs: number): boolean => atMs > call.fromMs - ms && atMs <= call.fromMs;
      for (const [ms, most] of [[1000, 5] as const, [60_000, 60] as const]) {
        // A token that Genesys refuses costs a call of its own.
        const refused = logs.filter(({ code, atMs }) => code === 'oauth_token_refused' && within(ms, atMs));
        const calls = loginCalls.filter(({ fromMs }) => within(ms, fromMs)).length - refused.length;
        if (calls > most && !tableAway && secretChanges.length === 0) {
          yield { atMs: call.fromMs, text: `${calls} login calls in ${ms / 1000} s` };
        }
      }
    }
  },

  'a queued registration ends as guest or as failed': function* ({ queued, deadLetters, plan }) {
    if (deadLetters.length > 0) {
      const text = `${deadLetters.length} good messages are among the dead letters`;
      yield { atMs: 0, text: `${text} (${plan.mood})` };
    }
    for (const [session, atMs] of queued)
      yield { atMs, session, text: `${session} still waits in the registry` };
  },

  'metrics add up': function* ({ exchanges, metrics, heardCreations, guests, plan, crashes }, startMs) {
    const answers = exchanges.filter(({ status }) => status !== undefined);
    const classes = {
      Issued: answers.filter(({ status }) => status === 200).length,
      Queued: answers.filter(({ status }) => status === 202).length,
      Refused: answers.filter(({ status = 0 }) => status >= 400 && status < 500).length,
      Failed: answers.filter(({ status = 0 }) => status >= 500).length,
    };
    for (const [name, count] of Object.entries(classes)) {
      const counted = metrics.get(name) ?? 0;
      if (counted !== count)
        yield { atMs: startMs, text: `${name} says ${counted}, and there were ${count}` };
    }
    if (plan.provider !== 'webchat-v1') return;
    const created = metrics.get('GuestsCreated') ?? 0;
    if (crashes.length === 0 && created !== heardCreations) {
      yield { atMs: startMs, text: `GuestsCreated says ${created}, and ${heardCreations} were made` };
    }
    const orphaned = metrics.get('GuestsOrphaned') ?? 0;
    if (guests.length > created + orphaned + crashes.length) {
      const text = `${guests.length} guests at Genesys, ${created} created and ${orphaned} orphaned`;
      yield { atMs: startMs, text };
    }
  },
});

/** A minted guest that replaces one of the same consent, which was still good. */
function* mintedTwice(session: string, exchanges: readonly Exchange[], facts: Facts) {
  const first = new Map<unknown, Exchange>();
  for (const exchange of exchanges) {
    const { given = true, type = 'explicit', signed = false } = exchange.visit;
    const key = `${given} ${type} ${signed}`;
    const before = first.get(key);
    const guestId = exchange.body?.['guestId'];
    // Another statement in between mints again, and so does silence after a refusal.
    if (
      exchanges.some(
        ({ visit }) => `${visit.given ?? true} ${visit.type ?? 'explicit'} ${visit.signed ?? false}` !== key,
      )
    )
      return;
    if (
      exchanges.some(({ visit }) => visit.given === undefined) &&
      exchanges.some(({ visit }) => visit.given === false)
    )
      return;
    if (before === undefined) first.set(key, exchange);
    else if (
      before.body?.['guestId'] !== guestId &&
      exchange.startedAtMs - before.startedAtMs < guestTtlMs - 60_000 &&
      !registryWasAway(facts, session) &&
      !wasErased(facts, session) &&
      facts.secretChanges.length === 0
    ) {
      yield {
        atMs: exchange.endedAtMs ?? 0,
        session,
        text: `${exchange.name} got another guest than ${before.name}`,
      };
      return;
    }
  }
}

import { catalogue } from '../../lambda/telemetry/log-codes.ts';
import type { ContainerBook } from './book.ts';
import type { SiteFacts } from './facts.ts';

/** One balance: what must be equal, or within bounds that the line names. */
export interface Finding {
  readonly check: string;
  readonly isBroken: boolean;
  readonly text: string;
}

const sum = (values: Iterable<number>): number => [...values].reduce((all, value) => all + value, 0);

const finding = (check: string, faults: readonly string[], text: string): Finding => ({
  check,
  isBroken: faults.length > 0,
  text: faults.length === 0 ? text : `${faults.length} broken: ${faults.slice(0, 3).join('; ')}`,
});

const responseClasses = {
  init: ['Issued', 'Queued', 'Refused', 'Failed'],
  drain: [],
  resolve: ['Resolved', 'ResolveUnknown', 'ResolveFailed'],
} as const;

/** Each response counted once, in its class; a container that was ended may have counted what nobody heard. */
const responses = ({ book, requests }: SiteFacts): Finding => {
  const ofVisitors = book.containers.filter(({ functionName }) => functionName !== 'drain');
  const answered = sum(ofVisitors.flatMap(({ answers }) => [...answers.values()]));
  const cut = sum(ofVisitors.map(({ cut }) => cut));
  const faults = book.containers.flatMap(({ name, functionName, answers, metrics, cut }) =>
    responseClasses[functionName].flatMap((kind) => {
      const seen = answers.get(kind) ?? 0;
      const counted = metrics.get(kind) ?? 0;
      return counted < seen || counted > seen + cut
        ? [`${name} counted ${counted} ${kind}, and gave ${seen}`]
        : [];
    }),
  );
  if (answered + cut !== requests) faults.push(`${requests} requests, and ${answered + cut} ends of them`);
  const kinds = [...responseClasses.init, ...responseClasses.resolve].flatMap((kind) => {
    const times = sum(book.containers.map(({ answers }) => answers.get(kind) ?? 0));
    return times === 0 ? [] : [`${times} ${kind}`];
  });
  const text = `${requests} requests = ${kinds.join(' + ')}${cut === 0 ? '' : ` + ${cut} whose container was ended`}`;
  return finding('requests = responses by class', faults, text);
};

/** How often the log lines of a container say that a metric was counted. */
const logged = ({ codes }: ContainerBook): ReadonlyMap<string, number> => {
  const times = new Map<string, number>();
  for (const [code, { metrics = [] }] of Object.entries(catalogue)) {
    for (const metric of metrics) {
      if (typeof metric === 'string') times.set(metric, (times.get(metric) ?? 0) + (codes.get(code) ?? 0));
    }
  }
  return times;
};

const metricsAndLines = ({ book }: SiteFacts): Finding => {
  const faults = book.containers.flatMap((container) =>
    [...logged(container)].flatMap(([metric, lines]) => {
      const counted = container.metrics.get(metric) ?? 0;
      const isBroken = container.ended ? counted > lines : counted !== lines;
      return isBroken ? [`${container.name} counted ${counted} ${metric}, and logged ${lines}`] : [];
    }),
  );
  const all = sum(book.containers.flatMap((container) => [...logged(container).values()]));
  return finding('metrics = log lines', faults, `${all} events, each logged and counted`);
};

/** Guests at Genesys that no container says it made need a counted orphan each. */
const guestsAndMetric = ({ book, guests }: SiteFacts): Finding => {
  const atGenesys = new Set(guests.map(({ id }) => id));
  const faults = book.createdTwice.map((id) => `guest ${id} was made twice`);
  for (const id of book.created.keys()) if (!atGenesys.has(id)) faults.push(`Genesys never had guest ${id}`);
  const unheard = guests.filter(({ id }) => !book.created.has(id));
  for (const [hash, lost] of Map.groupBy(unheard, ({ hash }) => hash)) {
    const counted = book.orphans.get(hash) ?? 0;
    if (lost.length > counted) faults.push(`${lost.length} guests unheard of, ${counted} orphans counted`);
  }
  const created = sum(book.containers.map(({ metrics }) => metrics.get('GuestsCreated') ?? 0));
  const unwritten = book.created.size - created;
  const text = `${guests.length} guests at Genesys = ${created} GuestsCreated${
    unwritten === 0 ? '' : ` + ${unwritten} of containers that were ended`
  } + ${unheard.length} whose response was lost, each a counted orphan`;
  return finding('guests = GuestsCreated', faults, text);
};

/** The same profile and consent twice in a row needs a counted orphan, or a registry that was away. */
const distinctGuests = ({ book, guests, awayOf, storyOf }: SiteFacts): Finding => {
  const faults: string[] = [];
  let extras = 0;
  for (const [hash, own] of Map.groupBy(guests, ({ hash }) => hash)) {
    const extra = own.filter(({ key }, index) => {
      const before = own[index - 1];
      return before !== undefined && !before.isForgotten && before.key === key;
    }).length;
    extras += extra;
    const orphans = book.orphans.get(hash) ?? 0;
    const away = awayOf(hash);
    if (extra > orphans + away) {
      faults.push(
        `${hash.slice(0, 8)}: ${extra} guests too many, ${orphans} orphans, registry away ${away} times (${storyOf(hash)})`,
      );
    }
  }
  const orphans = sum(book.orphans.values());
  const text = `${guests.length - extras} distinct + ${extras} more; ${orphans} orphans counted`;
  return finding('guests = distinct session, profile and consent', faults, text);
};

/** Minted guests leave no trace at Genesys: no more of them than the session gave reasons for. */
const mintedGuests = ({ book, awayOf, reasonsOf, storyOf }: SiteFacts): Finding => {
  const faults: string[] = [];
  for (const [hash, own] of Map.groupBy(book.created, ([, hash]) => hash)) {
    const most = reasonsOf(hash) + (book.orphans.get(hash) ?? 0) + awayOf(hash);
    if (own.length > most)
      faults.push(`${hash.slice(0, 8)}: ${own.length} guests, and ${most} reasons (${storyOf(hash)})`);
  }
  return finding('guests have a reason each', faults, `${book.created.size} minted`);
};

const queueIsEmpty = ({ messages, stillQueued, failed, unserved, book, awayOf }: SiteFacts): Finding => {
  const faults = messages === 0 ? [] : [`${messages} messages are left`];
  for (const hash of stillQueued) {
    // docs/guarantees.md, not mended: a creation whose response is lost while the registry is away.
    const isKnown = (book.orphans.get(hash) ?? 0) > 0 && awayOf(hash) > 0;
    if (!isKnown) faults.push(`${hash.slice(0, 8)} still waits`);
  }
  for (const hash of unserved)
    if (!failed.has(hash)) faults.push(`${hash.slice(0, 8)} was not served in the end`);
  const codes = (code: string): number => sum(book.containers.map(({ codes }) => codes.get(code) ?? 0));
  const text = `${codes('registration_queued')} queued, ${codes('registration_served')} served by the worker, ${codes('registration_given_up')} given up; ${unserved.length} sessions end as failed`;
  return finding('the queue is empty, everybody is guest or failed', faults, text);
};

const nothingPersonal = ({ book, tokens, written }: SiteFacts): Finding => {
  const faults = [...book.badLines, ...written];
  for (const token of tokens) if (book.uuids.has(token)) faults.push('a guest token is in a log line');
  const lines = sum(book.containers.flatMap(({ codes }) => [...codes.values()]));
  return finding('nothing personal, no token, no secret', faults, `${lines} log lines searched`);
};

/** Every balance of one site. */
export const balance = (facts: SiteFacts): readonly Finding[] => [
  responses(facts),
  metricsAndLines(facts),
  ...(facts.provider === 'webchat-v1'
    ? [guestsAndMetric(facts), distinctGuests(facts), queueIsEmpty(facts)]
    : [mintedGuests(facts), queueIsEmpty(facts)]),
  nothingPersonal(facts),
  finding('responses belong to their sessions', facts.broken, `${facts.tokens.size} tokens`),
];

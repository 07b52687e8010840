import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { SimulatedGuest } from '../../local/genesys/guests.ts';
import { forbidden, type SiteBook } from './book.ts';
import type { Provider, Site } from './site.ts';
import type { Visitors } from './visitors.ts';

/** A guest as Genesys has it. */
export interface GuestAtGenesys {
  readonly id: string;
  /** Of its session. */
  readonly hash: string;
  /** Profile and consent. */
  readonly key: string;
  readonly isForgotten: boolean;
}

/** All that a run leaves behind at one provider, as seen from the outside. */
export interface SiteFacts {
  readonly provider: Provider;
  readonly book: SiteBook;
  /** Requests of visitors and agents. */
  readonly requests: number;
  /** In the order in which they were made. */
  readonly guests: readonly GuestAtGenesys[];
  /** How often the registry was away for a session's requests. */
  readonly awayOf: (hash: string) => number;
  /** How often a session has a reason for another guest: it is new, states something else, the secret changes. */
  readonly reasonsOf: (hash: string) => number;
  /** What a session did, for people. */
  readonly storyOf: (hash: string) => string;
  /** Messages in the queue. */
  readonly messages: number;
  /** Sessions whose entry says that it waits, or that it failed. */
  readonly stillQueued: readonly string[];
  readonly failed: ReadonlySet<string>;
  /** Sessions whose last request brought no guest. */
  readonly unserved: readonly string[];
  readonly tokens: ReadonlySet<string>;
  /** Places that hold what they may not. */
  readonly written: readonly string[];
  /** What visitors and agents saw and should not. */
  readonly broken: readonly string[];
}

const keyOf = ({ name, email, consentGiven, consentType, attributes }: SimulatedGuest): string =>
  JSON.stringify([name, email, consentGiven, consentType, attributes]);

const scanRegistry = async ({ stack }: Site): Promise<readonly Record<string, AttributeValue>[]> => {
  const items: Record<string, AttributeValue>[] = [];
  let from: Record<string, AttributeValue> | undefined;
  do {
    const page = await stack.client.send(
      new ScanCommand({
        TableName: stack.guestTable,
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
};

/** Sealed texts in the registry are long on purpose; anything else that is forbidden there is not. */
const withoutSealed = (text: string): string => text.replaceAll(/[\w+/=-]{80,}/g, '');

export const gatherFacts = async (site: Site, visitors: Visitors, flushed: number): Promise<SiteFacts> => {
  const { book, stack, batches, forgotten, provider } = site;
  const items = await scanRegistry(site);
  const hashOf = (item: Record<string, AttributeValue>): string => item['sessionHash']?.S ?? '';
  const away = new Map<string, number>();
  for (const [requestId, times] of book.registryAway) {
    const [, index] = /^s(\d+)-/.exec(requestId) ?? [];
    const hashes =
      index === undefined ? batches.get(requestId) : [visitors.sessions.all[Number(index)]?.hash ?? ''];
    for (const hash of hashes ?? []) away.set(hash, (away.get(hash) ?? 0) + times);
  }
  const byShortHash = new Map(visitors.sessions.all.map(({ hash }) => [hash.slice(0, 8), hash]));
  const shortHash = ({ email }: SimulatedGuest): string =>
    /^(?:visitor_)?([0-9a-f]{8})@/.exec(email)?.[1] ?? '';
  const guests = [...stack.genesys.guests.values(), ...forgotten]
    .sort((one, other) => one.createdAtMs - other.createdAtMs)
    .map((guest) => ({
      id: guest.id,
      hash: byShortHash.get(shortHash(guest)) ?? 'nobody',
      key: keyOf(guest),
      isForgotten: forgotten.some(({ id }) => id === guest.id),
    }));
  const texts = {
    'the registry': withoutSealed(JSON.stringify(items)),
    'an address at Genesys': stack.genesys.calls.map(({ path }) => path).join('\n'),
    'a queued message': site.badMessages(),
  };
  return {
    provider,
    book,
    requests: visitors.requests() + flushed,
    guests,
    awayOf: (hash) => away.get(hash) ?? 0,
    reasonsOf: (hash) => visitors.sessions.reasonsOf(hash),
    storyOf: (hash) => {
      const drained = [...batches].filter(([, hashes]) => hashes.includes(hash)).map(([id]) => id);
      const { index = 0, visits = 0 } = visitors.sessions.find(hash) ?? {};
      const own = Array.from({ length: visits }, (_, n) => `s${index}-${n + 1}`);
      const said = [...own, ...drained].map((id) => `${id}: ${book.stories.get(id)?.join(' ') ?? 'nothing'}`);
      return `${visitors.sessions.storyOf(hash)}; ${said.join('; ')}`;
    },
    messages: await site.overflow.size(),
    stillQueued: items.filter((item) => item['queuedAt'] !== undefined).map(hashOf),
    failed: new Set(items.filter((item) => item['failedAt'] !== undefined).map(hashOf)),
    unserved: visitors.sessions.all
      .filter(({ visits, isServed }) => visits > 0 && !isServed)
      .map(({ hash }) => hash),
    tokens: visitors.tokens,
    written: Object.entries(texts).flatMap(([where, text]) => {
      const [match] = forbidden.exec(text) ?? [];
      return match === undefined ? [] : [`${where} holds ${match.slice(0, 16)}…`];
    }),
    broken: [...visitors.broken, ...site.thrown],
  };
};

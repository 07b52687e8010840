import type { FunctionName } from '../support/stack.ts';

/** One container: what was asked of it, and what it said of that. */
export interface ContainerBook {
  readonly name: string;
  readonly functionName: FunctionName;
  /** Sums of its metrics. */
  readonly metrics: Map<string, number>;
  /** How often it logged each code. */
  readonly codes: Map<string, number>;
  /** Responses by class, as the caller saw them. */
  readonly answers: Map<string, number>;
  /** Ended before the run did; what it had not written yet is lost. */
  ended: boolean;
  /** Invocations that it did not answer. */
  cut: number;
}

/** Everything that one provider's containers said and did. */
export interface SiteBook {
  readonly containers: ContainerBook[];
  /** Guests that containers say they made: id → the session's hash. */
  readonly created: Map<string, string>;
  /** Guests that two log lines say were made. */
  readonly createdTwice: string[];
  /** Counted orphans by session hash. */
  readonly orphans: Map<string, number>;
  /** Requests and batches that the registry was away for, by their id. */
  readonly registryAway: Map<string, number>;
  /** What went wrong or was made in each request and batch, for people: container and codes. */
  readonly stories: Map<string, string[]>;
  /** Lines that hold what no line may hold, or that are no log lines. */
  readonly badLines: string[];
  /** Every UUID that was written: no guest token may be among them. */
  readonly uuids: Set<string>;
}

export const createSiteBook = (): SiteBook => ({
  containers: [],
  created: new Map(),
  createdTwice: [],
  orphans: new Map(),
  registryAway: new Map(),
  stories: new Map(),
  badLines: [],
  uuids: new Set(),
});

export const count = <Key>(counts: Map<Key, number>, key: Key, by = 1): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};

/** Nothing that matches may be in a log line, a metric, a message, a table or an address. */
export const forbidden =
  // Session ids, CRM values, secrets and keys are made to be recognised; tokens and references are long.
  /sid-secret-|@customers\.example|Firstname-|Tier-|crm-secret-|client-secret-|CQkJCQkJ|[\w-]{80,}/;
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

interface Line {
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly { readonly Metrics: readonly { readonly Name: string }[] }[];
  };
  readonly code?: string;
  readonly level?: string;
  readonly timestamp?: string;
  readonly requestId?: string;
  readonly sessionHash?: string;
  readonly guestId?: string;
}

const parse = (text: string): Line | undefined => {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
};

/** Takes down what a line of a container says. */
const read = (text: string, site: SiteBook, { metrics, codes, name }: ContainerBook): void => {
  for (const [id] of text.matchAll(uuid)) site.uuids.add(id);
  const [match] = forbidden.exec(text) ?? [];
  const line = parse(text);
  if (match !== undefined)
    site.badLines.push(`${name}, ${line?.code ?? 'no code'}: holds ${match.slice(0, 16)}…`);
  if (line === undefined) {
    site.badLines.push(`${name}: not JSON: ${text.slice(0, 100)}`);
    return;
  }
  for (const { Name: metric } of line._aws?.CloudWatchMetrics[0]?.Metrics ?? []) {
    const values = [(line as Readonly<Record<string, unknown>>)[metric]].flat();
    for (const value of values) count(metrics, metric, Number(value));
  }
  const { code, requestId = '', sessionHash = '', guestId } = line;
  if (code === undefined) return;
  count(codes, code);
  if (line.level === 'WARN' || line.level === 'ERROR' || code.startsWith('guest_')) {
    const story = site.stories.get(requestId) ?? [name];
    story.push(`${code} ${line.timestamp?.slice(17) ?? ''}`);
    site.stories.set(requestId, story);
  }
  if (code === 'guest_created' && guestId !== undefined) {
    if (site.created.has(guestId)) site.createdTwice.push(guestId);
    site.created.set(guestId, sessionHash);
  }
  if (code === 'guest_orphaned') count(site.orphans, sessionHash);
  if (code === 'registry_unavailable' || code === 'message_failed') count(site.registryAway, requestId);
};

/** Opens the book of a container, and takes what it writes, in pieces that may end anywhere. */
export const openContainerBook = (site: SiteBook, functionName: FunctionName) => {
  const book: ContainerBook = {
    name: `${functionName}-${site.containers.length + 1}`,
    functionName,
    metrics: new Map(),
    codes: new Map(),
    answers: new Map(),
    ended: false,
    cut: 0,
  };
  site.containers.push(book);
  let rest = '';
  const onOutput = (piece: string): void => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') read(line, site, book);
  };
  return { book, onOutput };
};

import { type BenchResult, number, type Report } from '../table.ts';
import { runContainer, type Span } from './run-container.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { buildVariants } from './variants.ts';
import { callsDuring, inSeries, waitedMs } from './waits.ts';
import { type Provider, startWorld, type World } from './world.ts';

const latencies = { awsMs: 5, genesysMs: 120 } as const;
/** Calls of a burst that are not counted: the code is still being compiled. */
const settle = 60;

interface Case {
  readonly title: string;
  readonly provider: Provider;
  readonly kind: 'cold' | 'new' | 'repeated' | 'queued';
}
const cases: readonly Case[] = (['webchat-v1', 'web-messaging'] as const).flatMap((provider) =>
  (['cold', 'new', 'repeated', 'queued'] as const)
    // Nothing is ever queued where no call to Genesys lies on the visitor's way.
    .filter((kind) => provider === 'webchat-v1' || kind !== 'queued')
    .map((kind) => ({ title: `${provider}, ${kind}`, provider, kind })),
);

export interface OwnTime {
  readonly title: string;
  readonly whole: Spread;
  /** Beyond the time in which at least one call was under way. */
  readonly own: Spread;
  /** Calls of a typical request: all, and the longest chain. */
  readonly calls: readonly string[];
  readonly inSeries: number;
  /** The same of the raw floor; it does not queue. */
  readonly floor?: Omit<OwnTime, 'title' | 'floor'>;
}

const evaluate = (spans: readonly Span[], world: World): Omit<OwnTime, 'title' | 'floor'> => {
  const typical = callsDuring(spans[Math.floor(spans.length / 2)] ?? [0, 0], world.calls);
  const series = spans.map((span) => inSeries(callsDuring(span, world.calls)));
  return {
    whole: spreadOf(spans.map(([began, ended]) => ended - began)),
    own: spreadOf(spans.map((span) => span[1] - span[0] - waitedMs(span, world.calls))),
    calls: typical.map(({ operation }) => operation),
    inSeries: spreadOf(series).median,
  };
};

const measureCase = async (
  file: string,
  { provider, kind }: Case,
  world: World,
  count: number,
): Promise<Omit<OwnTime, 'title' | 'floor'>> => {
  world.forgetCalls();
  const env = world.env(provider);
  if (kind === 'cold') {
    const spans: Span[] = [];
    for (let n = 0; n < count; n += 1) spans.push((await runContainer(file, env)).cold);
    return evaluate(spans, world);
  }
  if (kind === 'queued') {
    world.limitGuests();
    const queueing = { ...env, OVERFLOW_QUEUE_URL: world.overflowQueueUrl };
    const { fresh } = await runContainer(file, queueing, {
      coldStatus: 202,
      settle,
      fresh: count,
      expected: 202,
    });
    world.unlimit();
    return evaluate(fresh?.spans ?? [], world);
  }
  const phases = kind === 'new' ? { settle, fresh: count } : { settle, repeated: count };
  const measured = await runContainer(file, env, phases);
  return evaluate((kind === 'new' ? measured.fresh : measured.repeated)?.spans ?? [], world);
};

/** What a request takes beyond the waits in its critical path, with services that are as far away as real ones. */
export const measureOwnTime = async (count: number, report: Report): Promise<readonly OwnTime[]> => {
  const variants = await buildVariants();
  // Each has services of its own and both run at the same time: a busy moment of the machine hits them alike.
  const [world, floorWorld] = await Promise.all([startWorld(latencies), startWorld(latencies)]);
  try {
    const results: OwnTime[] = [];
    for (const one of cases) {
      report(`own time: ${one.title}`);
      const [ours, floor] = await Promise.all([
        measureCase(variants.files.ours, one, world, count),
        one.kind === 'queued' ? undefined : measureCase(variants.files.floor, one, floorWorld, count),
      ]);
      results.push({ title: one.title, ...ours, ...(floor === undefined ? {} : { floor }) });
    }
    return results;
  } finally {
    await Promise.all([world.close(), floorWorld.close()]);
    variants.remove();
  }
};

const cell = ({ median, low, high }: Spread): string => `${number(median)} (${number(low)}–${number(high)})`;

export const benchOwnTime = async (count: number, report: Report): Promise<BenchResult> => {
  const results = await measureOwnTime(count, report);
  return {
    figures: results,
    tables: [
      {
        title: `Own time with tables of ${latencies.awsMs} ms and a Genesys of ${latencies.genesysMs} ms: medians and quartiles of ${count}, ms`,
        rows: [
          ['', 'whole', 'own', 'own, floor', 'calls', 'in series', 'which'],
          ...results.map(({ title, whole, own, floor, calls, inSeries: series }) => [
            title,
            cell(whole),
            cell(own),
            floor === undefined ? '' : cell(floor.own),
            String(calls.length),
            String(series),
            calls.join(' '),
          ]),
        ],
        note: 'Own time: what is left of a request when the time is taken away in which at least one call was under way, seen by the services. A cold one includes loading the code.',
      },
    ],
  };
};

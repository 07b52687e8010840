import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../support/seeded-random.ts';
import { balance, type Finding } from './balance.ts';
import { gatherFacts } from './facts.ts';
import { flatness, tolerance } from './flatness.ts';
import type { Measured } from './fleet.ts';
import { type Provider, type Site, startSite } from './site.ts';
import { startTrouble } from './trouble.ts';
import { createVisitors, type Visitors } from './visitors.ts';

export interface SoakOptions {
  readonly seed: number;
  /** How long visitors come; without it, until there were so many requests. */
  readonly minutes?: number | undefined;
  readonly requests: number;
  readonly onProgress?: (text: string) => void;
}

export interface SoakReport {
  readonly requests: number;
  readonly sessions: number;
  /** Containers that were ended and replaced. */
  readonly replaced: number;
  /** How often each trouble was met. */
  readonly troubles: ReadonlyMap<string, number>;
  readonly findings: readonly (Finding & { readonly provider: Provider })[];
}

const thirds = [1, 2, 3] as const;
/** What visitors do at once, at one provider. */
const atOnce = 4;

/** Visitors come until an end is reached; then all that is under way ends. */
const letVisitorsCome = async (site: Site, visitors: Visitors, isOver: () => boolean): Promise<void> => {
  const one = async (): Promise<void> => {
    while (!isOver()) await visitors.step();
  };
  const poller = async (): Promise<void> => {
    while (!isOver()) {
      await site.drainOnce();
      await sleep(50);
    }
  };
  await Promise.all([...Array.from({ length: atOnce }, one), poller()]);
};

/** No more faults: the queue runs empty, whoever was not served asks again, and every metric is written. @returns the requests for that */
const makePeace = async (site: Site, visitors: Visitors): Promise<number> => {
  site.healthy();
  for (let round = 0; round < 8; round += 1) {
    await site.drainAll(60);
    const unserved = visitors.sessions.all.filter(({ visits, isServed }) => visits > 0 && !isServed);
    if (unserved.length === 0) break;
    for (const session of unserved) await visitors.visit(session);
    await sleep(500);
  }
  return await site.fleet.flush();
};

const soakSite = async (
  site: Site,
  random: () => number,
  troubles: Map<string, number>,
  isOver: (third: number, requests: number) => boolean,
  say: (text: string) => void,
) => {
  const visitors = createVisitors(site, random);
  const measured: (readonly Measured[])[] = [];
  /** Chance may spare the containers that are measured; one of them has to be warm. */
  const isWarm = (): boolean => site.fleet.mostServed() >= tolerance.warmAfterRequests;
  for (const third of thirds) {
    if (third === 2) site.rotate();
    const trouble = startTrouble(site, random, troubles);
    await letVisitorsCome(site, visitors, () => isWarm() && isOver(third, visitors.requests()));
    await trouble.stop();
    measured.push(await site.fleet.measure());
    say(
      `${site.provider}: third ${third} of 3, ${visitors.requests()} requests of ${visitors.sessions.all.length} sessions`,
    );
  }
  const flushed = await makePeace(site, visitors);
  await site.stack.stopContainers();
  const facts = await gatherFacts(site, visitors, flushed);
  const findings = [...balance(facts), flatness(measured)];
  return {
    requests: visitors.requests(),
    sessions: visitors.sessions.all.length,
    findings: findings.map((finding) => ({ ...finding, provider: site.provider })),
  };
};

/**
 * Mixed traffic with faults through the built bundles, and an audit of what it leaves behind. The seed decides what
 * is done and in which order; how it interleaves is the machine's.
 */
export const soak = async ({
  seed,
  minutes,
  requests,
  onProgress = () => undefined,
}: SoakOptions): Promise<SoakReport> => {
  const random = seededRandom(seed);
  const troubles = new Map<string, number>();
  const sites: Site[] = [];
  try {
    for (const provider of ['webchat-v1', 'web-messaging'] as const)
      sites.push(await startSite(provider, random));
    const startedMs = performance.now();
    const isOver = (third: number, served: number): boolean =>
      minutes === undefined
        ? served >= (requests / sites.length / thirds.length) * third
        : performance.now() - startedMs >= (minutes * 60_000 * third) / thirds.length;
    const reports = await Promise.all(
      sites.map(async (site) => await soakSite(site, random, troubles, isOver, onProgress)),
    );
    return {
      requests: reports.reduce((all, report) => all + report.requests, 0),
      sessions: reports.reduce((all, report) => all + report.sessions, 0),
      replaced: sites.reduce((all, { fleet }) => all + fleet.replaced(), 0),
      troubles,
      findings: reports.flatMap(({ findings }) => findings),
    };
  } finally {
    await Promise.all(sites.map(async (site) => await site.stop()));
  }
};

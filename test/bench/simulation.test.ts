import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { drawChart } from '../../bench/simulation/chart.ts';
import { costOf, totalUsd } from '../../bench/simulation/cost.ts';
import { defaultPlan, minutesFor, simulateBoth } from '../../bench/simulation/plan.ts';
import type { LoadResult } from '../../bench/simulation/simulate-load.ts';
import { effortTable, serviceTable } from '../../bench/simulation/tables.ts';

const { seed, limits } = defaultPlan;

/** One rate with the machinery and without. */
const both = async (rate: number, minutes: number, quota = limits.callsPerMinute) => {
  const [shared, plain] = await simulateBoth(rate, minutes, {
    seed,
    limits: { ...limits, callsPerMinute: quota },
  });
  if (shared === undefined || plain === undefined) throw new Error('two results were expected');
  return { shared, plain };
};

import { type AttackResult, simulateAttack } from '../../bench/simulation/simulate-attack.ts';

describe('a minute with more visitors than the quota allows', () => {
  let shared: LoadResult;
  let plain: LoadResult;
  beforeAll(async () => {
    ({ shared, plain } = await both(200, 1));
  });

  it('brings the same visitors with and without the machinery', () => {
    expect(shared.visitors.sessions).toBeGreaterThan(150);
    expect(plain.visitors.sessions).toBe(shared.visitors.sessions);
  });

  it('costs the fleet one OAuth call, and each container one without sharing', () => {
    expect(shared.containers).toBeGreaterThan(1);
    expect(shared.oauthCalls).toBe(1);
    expect(plain.oauthCalls).toBeGreaterThanOrEqual(plain.containers);
  });

  it('makes one guest for each session, and more without the registry', () => {
    expect(shared.duplicates).toBe(0);
    expect(shared.guests).toBe(shared.visitors.sessions);
    expect(plain.duplicates).toBeGreaterThan(0);
  });

  it('loses nobody while the queue can be drained in time', () => {
    const { sessions, atOnce, later, lost, reloadsLost, waitsMs } = shared.visitors;
    expect({ lost, reloadsLost }).toEqual({ lost: 0, reloadsLost: 0 });
    expect(atOnce + later).toBe(sessions);
    expect(shared.queued).toBeGreaterThan(0);
    expect(waitsMs).toHaveLength(later);
  });

  it('spares Genesys the calls that are refused anyway', () => {
    expect(shared.limited).toBeLessThan(plain.limited);
  });
});

describe('visitors whom the quota can serve', () => {
  it('are all served at once, by two calls for a new one and one for a repeated one', async () => {
    const { shared } = await both(60, 2);
    const { sessions, atOnce, requests } = shared.visitors;
    expect(atOnce).toBe(sessions);
    expect(shared.genesysCalls).toBe(sessions + requests);
  });

  it('cost what the bill says, line by line', async () => {
    const { shared } = await both(60, 1);
    const lines = costOf(shared);
    const writes = lines.find(({ unit }) => unit === 'write unit');
    expect(writes?.usd).toBeCloseTo((shared.writeUnits / shared.visitors.sessions) * 1000 * 0.625e-6, 12);
    expect(totalUsd(lines)).toBeCloseTo(
      lines.reduce((sum, { count, usdPerMillion }) => sum + (count * usdPerMillion) / 1e6, 0),
      12,
    );
  });
});

describe('a rate above the quota that lasts', () => {
  it('loses visitors with the machinery, too: no queue makes a quota larger', async () => {
    const { shared } = await both(60, 5, 50);
    expect(shared.visitors.lost).toBeGreaterThan(0);
    expect(shared.givenUp).toBeGreaterThan(0);
    expect(shared.duplicates).toBe(0);
  });
});

describe('the simulation', () => {
  it('gives the same result for the same seed, and another for another', async () => {
    const plan = { seed, limits };
    const first = await simulateBoth(150, 1, plan);
    expect(await simulateBoth(150, 1, plan)).toEqual(first);
    expect(await simulateBoth(150, 1, { ...plan, seed: seed + 5 })).not.toEqual(first);
  });

  it('lets low rates last longer and samples high ones', () => {
    expect([1, 100, 10_000, 50_000].map((rate) => minutesFor(rate, 10))).toEqual([60, 10, 3, 1]);
    expect(minutesFor(300, 2)).toBe(2);
  });

  it('draws a picture without numbers that are none', async () => {
    const lasting = [...(await simulateBoth(1, 5, defaultPlan)), ...(await simulateBoth(60, 1, defaultPlan))];
    const picture = drawChart({ lasting, bursts: [], outages: [] });
    expect(picture).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(picture).not.toMatch(/NaN|undefined|Infinity/);
    // Two situations in three panels, and the legend.
    expect(picture.match(/class="with"/g)).toHaveLength(2 * 3 + 1);
    expect(picture.match(/class="without"/g)).toHaveLength(2 * 3 + 1);
  });
});

describe('A flood of made-up sessions from a dozen addresses', () => {
  const flood = { seed: 1, limits: defaultPlan.limits, sessionsPerSecond: 12, addresses: 12 };
  const atOnce = ({ visitors }: AttackResult): number => visitors.atOnce / visitors.sessions;

  it('makes visitors wait where one address may use much of the quota, and hardly any where it may not', async () => {
    const before = await simulateAttack({ ...flood, perAddress: 300, verification: false });
    const after = await simulateAttack({ ...flood, perAddress: 30, verification: false });
    expect(atOnce(before)).toBeLessThan(0.75);
    expect(atOnce(after)).toBeGreaterThan(0.9);
    expect(after.junkGuests).toBeLessThan(before.junkGuests / 3);
  });

  it('takes nothing from visitors whose sessions are verified', async () => {
    const verified = await simulateAttack({ ...flood, perAddress: 300, verification: true });
    expect(atOnce(verified)).toBe(1);
  });
});

describe('docs/scale.md', () => {
  const page = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8');
  const rowsOf = (text: string): string[] => text.split('\n').map((line) => line.replace(/\s+/g, ' ').trim());

  it.each([
    [1, minutesFor(1, defaultPlan.minutes)],
    [10, minutesFor(10, defaultPlan.minutes)],
    [100, 1],
    [300, 1],
  ])('shows what a run gives today for %d a minute (else: npm run simulate)', async (rate, minutes) => {
    const results = await simulateBoth(rate, minutes, defaultPlan);
    const lasts = minutes > 1;
    for (const table of lasts ? [serviceTable(results), effortTable(results)] : [serviceTable(results)]) {
      for (const row of rowsOf(table).slice(2)) expect(rowsOf(page)).toContain(row);
    }
  });

  it('and its picture show what a run gives today: with the protections, and without', async () => {
    const drawn = readFileSync(new URL('../../docs/scale.svg', import.meta.url), 'utf8');
    const outage = { ...defaultPlan, limits: { ...limits, oauthFailsForMs: 60_000 } };
    const bursts = await simulateBoth(400, 1, defaultPlan);
    const outages = await simulateBoth(100, defaultPlan.minutes, outage);
    for (const row of rowsOf(serviceTable(outages)).slice(2)) expect(rowsOf(page)).toContain(row);
    const count = new Intl.NumberFormat('en-US');
    for (const { duplicates, oauthCalls, visitors } of [...bursts, ...outages]) {
      const lost = `${Number(((visitors.lost / visitors.sessions) * 100).toFixed(1))} %`;
      for (const text of [count.format(duplicates), lost, count.format(oauthCalls)]) {
        expect(drawn).toContain(`>${text}</text>`);
      }
    }
    const [shared, plain] = outages;
    expect(shared?.oauthCalls).toBeLessThan((plain?.oauthCalls ?? 0) / 5);
  });
});

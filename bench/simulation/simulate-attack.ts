import { createChance } from './chance.ts';
import type { GenesysLimits } from './genesys-model.ts';
import { createService, withoutStacks } from './service.ts';
import { createVisitors, type VisitorCounts } from './visitors.ts';
import { createWorld } from './world.ts';

/** A flood of made-up sessions from a few addresses, beside visitors of whom each has an address of their own. */
export interface Attack {
  readonly seed: number;
  readonly limits: GenesysLimits;
  readonly sessionsPerSecond: number;
  readonly addresses: number;
  /** Requests that the firewall lets through from one address in five minutes. */
  readonly perAddress: number;
  /** Whether the website's server signs its visitors' sessions, and the mode is `optional`. */
  readonly verification: boolean;
}

export interface AttackResult {
  readonly attack: Attack;
  readonly visitors: VisitorCounts;
  /** Guests that the flood has left at Genesys. */
  readonly junkGuests: number;
  /** Requests of the flood that the firewall has turned away, as a share. */
  readonly blocked: number;
}

const visitorsPerMinute = 20;
const minutes = 10;
const firewallWindowMs = 5 * 60_000;

/** The rule of the firewall: so many requests from one address in any five minutes. */
const createFirewall = (now: () => number, perAddress: number) => {
  const seen = new Map<number, number[]>();
  return (address: number): boolean => {
    const recent = (seen.get(address) ?? []).filter((atMs) => atMs > now() - firewallWindowMs);
    recent.push(now());
    seen.set(address, recent);
    return recent.length <= perAddress;
  };
};

/** Runs ten minutes of flood to their end: the last visitor is served or gone. */
export const simulateAttack = async (attack: Attack): Promise<AttackResult> => {
  const { seed, limits, sessionsPerSecond, addresses, perAddress, verification } = attack;
  const world = createWorld(seed + 1, limits, verification);
  const { clock, genesys } = world;
  const { request } = createService(world, true);
  const visitors = createVisitors(
    clock,
    createChance(seed),
    async (sessionId) => await request(sessionId, verification),
  );
  const passes = createFirewall(() => clock.now(), perAddress);
  const flood = { asked: 0, blocked: 0, junk: 0 };
  const endMs = clock.now() + minutes * 60_000;
  const next = () => {
    if (clock.now() >= endMs) return;
    clock.after(1000 / sessionsPerSecond, () => {
      flood.asked += 1;
      if (passes(flood.asked % addresses)) {
        void request(`made-up-${flood.asked}`).then(({ kind }) => {
          if (kind === 'issued') flood.junk += 1;
        });
      } else flood.blocked += 1;
      next();
    });
  };
  next();
  visitors.come(visitorsPerMinute, minutes * 60_000);
  await withoutStacks(async () => await clock.run(visitors.gone));
  const { atOnce, later } = visitors.counts;
  return {
    attack,
    visitors: visitors.counts,
    junkGuests: Math.max(0, genesys.counts.guests - atOnce - later),
    blocked: flood.asked === 0 ? 0 : flood.blocked / flood.asked,
  };
};

/** Before and after: the limit by address as it was, as it is, and with sessions that are verified. */
export const simulateAttacks = async (seed: number, limits: GenesysLimits): Promise<AttackResult[]> => {
  const results: AttackResult[] = [];
  for (const sessionsPerSecond of [3, 12]) {
    for (const [perAddress, verification] of [
      [300, false],
      [300, true],
      [30, false],
      [30, true],
    ] as const) {
      const attack = { seed, limits, sessionsPerSecond, addresses: 12, perAddress, verification };
      results.push(await simulateAttack(attack));
    }
  }
  return results;
};

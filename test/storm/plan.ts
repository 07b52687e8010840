import { type Chance, createChance } from './kernel/chance.ts';
import type { Dependency, TwistList, Weather } from './kernel/twists.ts';

/** What a world is like; each promise is watched in all of them, some only hold in the calm ones. */
export const moods = [
  'calm',
  'changes',
  'limits',
  'outage',
  'genesys',
  'tables',
  'herd',
  'everything',
] as const;
export type Mood = (typeof moods)[number];

export interface Session {
  readonly name: string;
  /** What the website sends; nobody but the website may ever see it. */
  readonly id: string;
  readonly known: boolean;
}

/** A page that asks; it repeats as the contract says. */
export interface Visit {
  readonly name: string;
  readonly session: string;
  readonly atMs: number;
  readonly given?: boolean;
  readonly type?: 'explicit' | 'implicit';
  readonly signed?: boolean;
  /** Sends `ConsentGiven` where the API says `consentGiven`. */
  readonly misspelt?: boolean;
}

export type WorldEvent =
  | {
      readonly kind: 'weather';
      readonly atMs: number;
      readonly untilMs: number;
      readonly of: Dependency;
      readonly is: Weather;
    }
  | { readonly kind: 'rotate_hash_key'; readonly atMs: number }
  | { readonly kind: 'rotate_client_secret'; readonly atMs: number; readonly overlapMs: number }
  | { readonly kind: 'revoke_tokens'; readonly atMs: number }
  | { readonly kind: 'forget_guests'; readonly atMs: number }
  | { readonly kind: 'import'; readonly atMs: number; readonly session: string; readonly tier: string }
  | { readonly kind: 'erase'; readonly atMs: number; readonly session: string }
  | { readonly kind: 'deploy'; readonly atMs: number };

/** All that a world is made of: the same plan gives the same world, to the byte. */
export interface Plan {
  readonly seed: number;
  readonly mood: Mood;
  readonly provider: 'webchat-v1' | 'web-messaging';
  readonly queue: boolean;
  readonly hashKeys: boolean;
  readonly verification: 'off' | 'optional';
  readonly callsPerMinute: number;
  /** Whether a mapped attribute holds the e-mail address. */
  readonly mapsEmail: boolean;
  /** Whether responses may show attributes. */
  readonly exposes: boolean;
  readonly sessions: readonly Session[];
  readonly visits: readonly Visit[];
  readonly events: readonly WorldEvent[];
  /** Where given, only these operations are out of the ordinary. */
  readonly twists?: TwistList;
}

export const sessionsPerWorld = 25;
const minute = 60_000;
const day = 24 * 60 * minute;
/** Visits and faults of a world come before; then everything heals. */
export const busyMs = 20 * minute;
/**
 * From the end of the faults to the visits that must all be served, longer than any state lasts: a message whose worker
 * died comes back after six minutes, and may be given up for fifteen.
 */
export const healedMs = busyMs + 23 * minute;

const statement = (chance: Chance, name: string): Pick<Visit, 'given' | 'type'> =>
  chance.pick<Pick<Visit, 'given' | 'type'>>(`statement ${name}`, [
    { given: true },
    { given: true },
    { given: true, type: 'implicit' },
    {},
    { given: false },
  ]);

const visitsOf = (
  { name, known: _ }: Session,
  mood: Mood,
  verification: Plan['verification'],
  chance: Chance,
): Visit[] => {
  const visits: Visit[] = [];
  const firstMs =
    mood === 'herd' ? chance.below(`first ${name}`, 400) : chance.below(`first ${name}`, busyMs - minute);
  const changes = mood !== 'calm' && mood !== 'herd';
  const said = statement(chance, name);
  const pages = 1 + chance.below(`pages ${name}`, 3);
  const signsFrom =
    verification === 'optional' && chance.of(`signs ${name}`) < 0.5 ? chance.below(`from ${name}`, 3) : 9;
  let atMs = firstMs;
  for (let page = 1; page <= pages; page += 1) {
    const says =
      changes && chance.of(`says ${name} ${page}`) < 0.5 ? statement(chance, `${name} ${page}`) : said;
    const tabs = chance.of(`tabs ${name} ${page}`) < 0.35 ? 2 + chance.below(`more ${name} ${page}`, 2) : 1;
    for (let tab = 1; tab <= tabs; tab += 1) {
      const laterMs = tab === 1 ? 0 : chance.below(`later ${name} ${page} ${tab}`, 160);
      visits.push({
        name: `${name}.${page}${tab === 1 ? '' : `.${tab}`}`,
        session: name,
        atMs: atMs + laterMs,
        ...says,
        ...(page > signsFrom ? { signed: true } : {}),
        ...(chance.of(`misspelt ${name} ${page} ${tab}`) < 0.01 ? { given: false, misspelt: true } : {}),
      });
    }
    const restMs = busyMs - atMs;
    atMs += chance.pick(`gap ${name} ${page}`, [300, 2000, 8000, minute, 5 * minute, restMs]);
    atMs = Math.min(atMs, busyMs);
  }
  const signed = pages > signsFrom ? { signed: true } : {};
  visits.push({
    name: `${name}.end`,
    session: name,
    atMs: healedMs + chance.below(`end ${name}`, 5 * minute),
    ...said,
    ...signed,
  });
  if (chance.of(`days ${name}`) < 0.15) {
    const days = 1 + chance.below(`how many days ${name}`, 3);
    visits.push({ name: `${name}.days`, session: name, atMs: healedMs + days * day, ...said, ...signed });
  }
  return visits;
};

const weatherOf: Readonly<Record<Mood, readonly (readonly [Dependency, Weather])[]>> = {
  calm: [],
  changes: [],
  limits: [['genesys', 'limited']],
  outage: [
    ['genesys', 'limited'],
    ['dynamodb', 'down'],
    ['dynamodb', 'down'],
  ],
  genesys: [
    ['genesys', 'flaky'],
    ['genesys', 'down'],
    ['genesys', 'hanging'],
    ['genesys', 'failing'],
    ['genesys', 'garbled'],
    ['genesys', 'slow'],
  ],
  tables: [
    ['dynamodb', 'flaky'],
    ['dynamodb', 'down'],
    ['dynamodb', 'hanging'],
    ['dynamodb', 'slow'],
    ['secrets', 'flaky'],
    ['sqs', 'flaky'],
  ],
  herd: [
    ['genesys', 'hanging'],
    ['genesys', 'failing'],
    ['genesys', 'limited'],
    ['genesys', 'fair'],
  ],
  everything: [
    ['genesys', 'flaky'],
    ['genesys', 'limited'],
    ['genesys', 'hanging'],
    ['dynamodb', 'flaky'],
    ['dynamodb', 'hanging'],
    ['dynamodb', 'down'],
    ['secrets', 'hanging'],
    ['sqs', 'down'],
  ],
};

/** The registry goes away in the middle of a request, now and then: between a read and its write. */
const gaps = (visits: readonly Visit[], chance: Chance): WorldEvent[] =>
  visits.flatMap(({ name, atMs }): WorldEvent[] => {
    if (atMs > busyMs - minute || chance.of(`gap in ${name}`) >= 0.25) return [];
    const fromMs = atMs + 20 + chance.below(`gap from ${name}`, 800);
    const untilMs = fromMs + 500 + chance.below(`gap until ${name}`, 900);
    return [{ kind: 'weather', atMs: fromMs, untilMs, of: 'dynamodb', is: 'hanging' }];
  });

const eventsOf = (
  mood: Mood,
  sessions: readonly Session[],
  visits: readonly Visit[],
  chance: Chance,
): WorldEvent[] => {
  const events: WorldEvent[] = mood === 'tables' || mood === 'everything' ? gaps(visits, chance) : [];
  const when = (name: string): number => chance.below(`when ${name}`, busyMs - 2 * minute);
  /** Half of the erasures come while a visitor is being served, or their first message. */
  const erasedAt = (name: string): number => {
    const [visit] = visits.filter(({ session }) => session === name);
    if (visit === undefined || chance.of(`erase beside ${name}`) < 0.5) return when(`erase ${name}`);
    const afterMs = chance.pick(`erase after ${name}`, [0, 300, 2000, 15_000]);
    return Math.min(busyMs, visit.atMs + afterMs + chance.below(`erase just after ${name}`, 700));
  };
  const kinds = weatherOf[mood];
  const spells = kinds.length === 0 ? 0 : mood === 'herd' ? 1 : 1 + chance.below('spells', 4);
  for (let spell = 1; spell <= spells; spell += 1) {
    const [of, is] = chance.pick(`spell ${spell}`, kinds);
    const atMs = mood === 'herd' ? 0 : when(`spell ${spell}`);
    const lastsMs = chance.pick(`lasts ${spell}`, [5000, 20_000, minute, 3 * minute]);
    events.push({ kind: 'weather', atMs, untilMs: Math.min(busyMs, atMs + lastsMs), of, is });
  }
  if (mood === 'changes' || mood === 'everything') {
    if (chance.of('hash key') < 0.6) events.push({ kind: 'rotate_hash_key', atMs: when('hash key') });
    if (chance.of('secret') < 0.4) {
      const overlapMs = chance.pick('overlap', [0, 10 * minute]);
      events.push({ kind: 'rotate_client_secret', atMs: when('secret'), overlapMs });
    }
    if (chance.of('deploy') < 0.4) events.push({ kind: 'deploy', atMs: when('deploy') });
    for (const { name } of sessions) {
      if (chance.of(`import ${name}`) < 0.2) {
        events.push({ kind: 'import', atMs: when(`import ${name}`), session: name, tier: 'Gold' });
      }
      if (chance.of(`erase ${name}`) < 0.12) {
        events.push({ kind: 'erase', atMs: erasedAt(name), session: name });
      }
    }
  }
  if (mood === 'genesys' || mood === 'everything') {
    if (chance.of('revoke') < 0.5) events.push({ kind: 'revoke_tokens', atMs: when('revoke') });
    if (chance.of('forget') < 0.5) events.push({ kind: 'forget_guests', atMs: when('forget') });
  }
  return events;
};

/** The plan of a seed. */
export const planOf = (seed: number): Plan => {
  const chance = createChance(seed);
  const mood = moods[seed % moods.length] ?? 'calm';
  const verification = chance.of('verification') < 0.25 ? 'optional' : 'off';
  const sessions = Array.from({ length: sessionsPerWorld }, (_, index): Session => {
    const name = `s${index + 1}`;
    return { name, id: `sid-secret-${seed}-${index + 1}`, known: chance.of(`known ${name}`) < 0.7 };
  });
  const visits = sessions.flatMap((session) => visitsOf(session, mood, verification, chance));
  return {
    seed,
    mood,
    provider: chance.of('provider') < 0.25 ? 'web-messaging' : 'webchat-v1',
    queue: chance.of('queue') < 0.8,
    hashKeys: chance.of('hash keys') < 0.5,
    verification,
    callsPerMinute: mood === 'limits' || mood === 'outage' ? chance.pick('limit', [6, 12, 30]) : 600,
    mapsEmail: chance.of('maps e-mail') < 0.3,
    exposes: chance.of('exposes') < 0.7,
    sessions,
    visits,
    events: eventsOf(mood, sessions, visits, chance),
  };
};

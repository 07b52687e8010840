import type { Chance } from './chance.ts';

export type Dependency = 'dynamodb' | 'sqs' | 'secrets' | 'genesys';

/** What may go wrong with one operation. */
export type Fault =
  /** Nothing was sent. */
  | 'refused'
  /** The connection broke before it took effect. */
  | 'reset'
  /** It took effect; the response was lost. */
  | 'lost'
  /** No effect, and never a response. */
  | 'hang'
  /** It took effect; there is never a response. */
  | 'silence'
  | 'unavailable'
  /** It took effect; the response says that it failed. */
  | 'failed_after'
  | 'throttled'
  | 'unprocessed'
  | 'stale'
  | 'garbage'
  | 'unauthorised';

/** How one operation differs from an ordinary one. */
export interface Twist {
  readonly fault?: Fault;
  /** Until it takes effect, and from there to the response. */
  readonly beforeMs?: number;
  readonly afterMs?: number;
}

export type Weather = 'fair' | 'flaky' | 'down' | 'hanging' | 'slow' | 'limited' | 'failing' | 'garbled';

const ordinaryMs: Readonly<Record<Dependency, readonly [beforeMs: number, afterMs: number]>> = {
  dynamodb: [2, 2],
  sqs: [5, 5],
  secrets: [10, 10],
  genesys: [40, 40],
};

const faultsOf: Readonly<Record<Dependency, readonly Fault[]>> = {
  dynamodb: [
    'refused',
    'reset',
    'lost',
    'lost',
    'hang',
    'silence',
    'unavailable',
    'throttled',
    'unprocessed',
    'failed_after',
  ],
  sqs: ['refused', 'reset', 'lost', 'hang', 'silence', 'unavailable', 'throttled'],
  secrets: ['refused', 'reset', 'hang', 'unavailable', 'throttled'],
  genesys: [
    'refused',
    'reset',
    'lost',
    'lost',
    'hang',
    'silence',
    'unavailable',
    'failed_after',
    'throttled',
    'garbage',
    'unauthorised',
  ],
};

const badWeather: Readonly<Record<Exclude<Weather, 'fair' | 'flaky'>, readonly Fault[]>> = {
  down: ['refused', 'refused', 'reset'],
  hanging: ['hang', 'hang', 'silence'],
  slow: [],
  limited: ['throttled'],
  garbled: ['garbage'],
  failing: ['unavailable', 'unavailable', 'failed_after'],
};

const faultFor = (
  key: string,
  dependency: Dependency,
  weather: Weather,
  base: number,
  chance: Chance,
): Fault | undefined => {
  const draw = chance.of(`fault ${key}`);
  if (weather === 'fair' || weather === 'flaky' || weather === 'slow') {
    const rate = weather === 'flaky' ? 0.25 : base;
    return draw < rate ? chance.pick(`which ${key}`, faultsOf[dependency]) : undefined;
  }
  return draw < 0.95 ? chance.pick(`which ${key}`, badWeather[weather]) : undefined;
};

/**
 * A time in milliseconds, mostly ordinary, now and then long. Unless the weather is slow a call of Genesys takes less
 * than the time that is kept for one (750 ms), so that nothing is lost.
 */
const timeFor = (name: string, ordinary: number, weather: Weather, chance: Chance): number | undefined => {
  const draw = chance.of(name);
  const slow = weather === 'slow' ? 20 : 1;
  if (draw < 0.4) return slow === 1 ? undefined : ordinary * slow;
  const spread = draw < 0.85 ? 4 : draw < 0.97 ? 20 : 60;
  const longest = slow === 1 ? (ordinary < 20 ? 150 : 350) : 60_000;
  return Math.min(longest, Math.max(1, Math.round(ordinary * slow * spread * chance.of(`how ${name}`))));
};

export interface Twists {
  /** How this operation goes; the same name goes the same way in every run of a seed. */
  of(key: string, dependency: Dependency, weather: Weather): Required<Omit<Twist, 'fault'>> & Twist;
  /** Any other decision between some possibilities: the first is the ordinary one. */
  choose(key: string, weights: readonly number[]): number;
  /** Everything that was out of the ordinary, by its name. */
  readonly used: Map<string, Twist | number>;
}

export type TwistList = Readonly<Record<string, Twist | number>>;

/**
 * Twists by chance or, where a list is given, by that list: what it does not name is ordinary.
 * `base` is the rate of faults in fair weather.
 */
export const createTwists = (chance: Chance, base: number, list: TwistList | undefined): Twists => {
  const used = new Map<string, Twist | number>();

  const drawn = (key: string, dependency: Dependency, weather: Weather): Twist => {
    const [beforeMs, afterMs] = ordinaryMs[dependency];
    const fault = faultFor(key, dependency, weather, base, chance);
    const before = timeFor(`before ${key}`, beforeMs, weather, chance);
    const after = timeFor(`after ${key}`, afterMs, weather, chance);
    const stale = fault === undefined && chance.of(`stale ${key}`) < 0.2 ? 'stale' : undefined;
    return {
      ...(fault === undefined ? {} : { fault }),
      ...(stale !== undefined && dependency === 'dynamodb' ? { fault: stale } : {}),
      ...(before === undefined ? {} : { beforeMs: before }),
      ...(after === undefined ? {} : { afterMs: after }),
    };
  };

  return {
    used,
    of: (key, dependency, weather) => {
      const listed = list?.[key];
      const twist = list === undefined ? drawn(key, dependency, weather) : listed;
      const [beforeMs, afterMs] = ordinaryMs[dependency];
      if (typeof twist !== 'object' || Object.keys(twist).length === 0) return { beforeMs, afterMs };
      used.set(key, twist);
      return { beforeMs, afterMs, ...twist };
    },
    choose: (key, weights) => {
      const listed = list?.[key];
      if (list !== undefined) {
        const chosen = typeof listed === 'number' ? Math.min(listed, weights.length - 1) : 0;
        if (chosen > 0) used.set(key, chosen);
        return chosen;
      }
      let draw = chance.of(key) * weights.reduce((sum, weight) => sum + weight, 0);
      const found = weights.findIndex((weight) => {
        draw -= weight;
        return draw < 0;
      });
      const chosen = Math.max(0, found);
      if (chosen > 0) used.set(key, chosen);
      return chosen;
    },
  };
};

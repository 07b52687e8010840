import { markdownTable } from 'markdown-table';
import { type CostLine, costOf, totalUsd } from './cost.ts';
import type { AttackResult } from './simulate-attack.ts';
import type { LoadResult } from './simulate-load.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const number = (value: number): string =>
  value >= 100 ? whole.format(value) : String(Number(value.toPrecision(3)));
const percent = (part: number, all: number): string =>
  all === 0 ? '–' : `${((part / all) * 100).toFixed(1)} %`;

/** The value below which a share of all values lies; undefined where there is none. */
export const quantile = (values: readonly number[], share: number): number | undefined =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${Math.round(ms / 1000)} s`);

interface Column {
  readonly title: string;
  readonly cell: (result: LoadResult) => string;
}

const name: readonly Column[] = [
  { title: 'sessions/min', cell: ({ load }) => number(load.ratePerMinute) },
  { title: 'for', cell: ({ load }) => `${load.minutes} min` },
  { title: 'machinery', cell: ({ load }) => (load.machinery ? 'with' : 'without') },
];

const service: readonly Column[] = [
  { title: 'at once', cell: ({ visitors: { atOnce, sessions } }) => percent(atOnce, sessions) },
  { title: 'later', cell: ({ visitors: { later, sessions } }) => percent(later, sessions) },
  { title: 'lost', cell: ({ visitors: { lost, sessions } }) => percent(lost, sessions) },
  { title: 'wait p50', cell: ({ visitors }) => seconds(quantile(visitors.waitsMs, 0.5)) },
  { title: 'wait p99', cell: ({ visitors }) => seconds(quantile(visitors.waitsMs, 0.99)) },
  { title: 'reloads lost', cell: ({ visitors }) => percent(visitors.reloadsLost, visitors.reloads) },
  { title: 'error answers', cell: ({ visitors }) => percent(visitors.errors, visitors.requests) },
  { title: 'duplicate guests', cell: ({ duplicates }) => number(duplicates) },
];

const perSession = (count: (result: LoadResult) => number): Column['cell'] => {
  return (result) => number(count(result) / result.visitors.sessions);
};

const effort: readonly Column[] = [
  { title: 'OAuth calls', cell: ({ oauthCalls }) => number(oauthCalls) },
  { title: 'containers', cell: ({ containers }) => number(containers) },
  { title: 'Genesys calls/session', cell: perSession(({ genesysCalls }) => genesysCalls) },
  { title: 'of them 429', cell: ({ limited, genesysCalls }) => percent(limited, genesysCalls) },
  { title: 'read units/session', cell: perSession(({ readUnits }) => readUnits) },
  { title: 'write units/session', cell: perSession(({ writeUnits }) => writeUnits) },
  { title: 'USD/1,000 sessions', cell: (result) => totalUsd(costOf(result)).toFixed(4) },
];

const table = (columns: readonly Column[], results: readonly LoadResult[]): string =>
  markdownTable(
    [columns.map(({ title }) => title), ...results.map((result) => columns.map(({ cell }) => cell(result)))],
    { align: columns.map(({ title }) => (title === 'machinery' ? 'l' : 'r')) },
  );

/** What the visitors get. */
export const serviceTable = (results: readonly LoadResult[]): string => table([...name, ...service], results);
/** What it takes. */
export const effortTable = (results: readonly LoadResult[]): string => table([...name, ...effort], results);

/** The bill for 1,000 sessions of one load, with and without. */
export const costTable = (withIt: LoadResult, without: LoadResult): string => {
  const lines = (result: LoadResult): readonly CostLine[] => costOf(result);
  const usd = (value: number): string => value.toFixed(5);
  const plain = lines(without);
  const rows = lines(withIt).map(({ part, unit, usdPerMillion, count, usd: sum }, index) => [
    part,
    unit,
    String(usdPerMillion),
    number(count),
    usd(sum),
    number(plain[index]?.count ?? 0),
    usd(plain[index]?.usd ?? 0),
  ]);
  const total = ['all', '', '', '', usd(totalUsd(lines(withIt))), '', usd(totalUsd(plain))];
  return markdownTable(
    [['', 'counted in', 'USD per million', 'with: count', 'USD', 'without: count', 'USD'], ...rows, total],
    { align: ['l', 'l', 'r', 'r', 'r', 'r', 'r'] },
  );
};

/** What becomes of visitors beside a flood of made-up sessions. */
export const attackTable = (results: readonly AttackResult[]): string =>
  markdownTable(
    [
      ['flood', 'limit by address', 'visitors', 'at once', 'later', 'lost', 'flood blocked', 'junk guests'],
      ...results.map(({ attack, visitors, blocked, junkGuests }) => [
        `${attack.sessionsPerSecond}/s from ${attack.addresses}`,
        `${attack.perAddress} in 5 min`,
        attack.verification ? 'verified' : 'unverified',
        percent(visitors.atOnce, visitors.sessions),
        percent(visitors.later, visitors.sessions),
        percent(visitors.lost, visitors.sessions),
        percent(blocked, 1),
        number(junkGuests),
      ]),
    ],
    { align: ['l', 'r', 'l', 'r', 'r', 'r', 'r', 'r'] },
  );

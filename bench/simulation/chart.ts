import { scaleLinear, scaleLog } from 'd3-scale';
import { escapeXml } from '../function/bar-chart.ts';
import type { PlanResults } from './plan.ts';
import type { LoadResult } from './simulate-load.ts';

/** One situation, simulated with the protections and without. */
interface Situation {
  readonly label: readonly [string, string];
  readonly withThem: LoadResult;
  readonly without: LoadResult;
}

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly value: (result: LoadResult) => number;
  readonly text: (value: number) => string;
  readonly scale: 'linear' | 'log';
}

const whole = new Intl.NumberFormat('en-US');
const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

const panels: readonly Panel[] = [
  {
    title: 'Duplicate guests',
    unit: 'guests beyond one a session',
    value: ({ duplicates }) => duplicates,
    text: whole.format,
    scale: 'linear',
  },
  {
    title: 'Visitors lost',
    unit: '% of visitors who never got a chat',
    value: ({ visitors: { lost, sessions } }) => lost / sessions,
    text: percent,
    scale: 'linear',
  },
  {
    title: 'OAuth calls of the fleet',
    unit: 'calls (logarithmic)',
    value: ({ oauthCalls }) => oauthCalls,
    text: whole.format,
    scale: 'log',
  },
];

/** What tells most: within the quota, above it for a while, far above it. */
const shownRates = [100, 200, 1000];
const shownBursts = [400];

const size = { width: 920, labels: 190, panel: 190, gap: 52, top: 100, row: 56, bar: 18 };

// Text and grid take the reader's own colour; the bars are legible on light and on dark ground.
const style = `
  svg { color: #24292f; font: 12px system-ui, sans-serif; }
  text { fill: currentColor; }
  .heading { font-weight: 600; font-size: 15px; }
  .title { font-weight: 600; font-size: 13px; }
  .note { fill-opacity: 0.75; }
  .grid { stroke: currentColor; stroke-opacity: 0.15; }
  .with { fill: #1a7f37; }
  .without { fill: #d1600a; }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; }
    .with { fill: #3fb950; }
    .without { fill: #f0883e; }
  }`;

const fixed = (value: number): string => value.toFixed(1);

const labelOf = ({ load: { ratePerMinute, minutes, oauthFailsForMs } }: LoadResult): Situation['label'] => {
  const rate = `${whole.format(ratePerMinute)} visitors a minute`;
  const forSo = minutes === 1 ? 'for one minute' : `for ${minutes} minutes`;
  if (oauthFailsForMs === undefined) return [rate, forSo];
  return [rate, `${minutes} min; no token for ${oauthFailsForMs / 1000} s`];
};

const pairs = (results: readonly LoadResult[]): Situation[] =>
  results
    .filter(({ load }) => load.machinery)
    .flatMap((withThem) => {
      const { ratePerMinute } = withThem.load;
      const without = results.find(({ load }) => !load.machinery && load.ratePerMinute === ratePerMinute);
      return without === undefined ? [] : [{ label: labelOf(withThem), withThem, without }];
    });

/** The rates that tell most, where they were simulated; else all of them. */
const chosen = (results: readonly LoadResult[], rates: readonly number[]): Situation[] => {
  const shown = results.filter(({ load }) => rates.includes(load.ratePerMinute));
  return pairs(shown.length === 0 ? results : shown);
};

const scaleOf = ({ scale, value, text }: Panel, situations: readonly Situation[]) => {
  const largest = Math.max(
    ...situations.flatMap(({ withThem, without }) => [value(withThem), value(without)]),
  );
  if (scale === 'linear') {
    const x = scaleLinear([0, largest === 0 ? 1 : largest], [0, size.panel]).nice(3);
    return { x, ticks: x.ticks(3), text };
  }
  // From below one: a single call is a bar that can be seen.
  const x = scaleLog([0.5, 10 ** Math.ceil(Math.log10(Math.max(2, largest)))], [0, size.panel]);
  return { x, ticks: x.ticks().filter((tick) => Number.isInteger(Math.log10(tick))), text };
};

const drawPanel = (panel: Panel, index: number, situations: readonly Situation[]): string => {
  const left = size.labels + index * (size.panel + size.gap);
  const bottom = size.top + situations.length * size.row;
  const { x, ticks, text } = scaleOf(panel, situations);
  const at = (value: number): number => (value <= 0 ? 0 : x(value));
  const bar = (kind: 'with' | 'without', result: LoadResult, y: number): string => {
    const value = panel.value(result);
    return `<rect class="${kind}" x="${left}" y="${y}" width="${fixed(Math.max(1, at(value)))}" height="${size.bar}"/><text x="${fixed(left + at(value) + 5)}" y="${y + 13}">${text(value)}</text>`;
  };
  return [
    `<text class="title" x="${left}" y="${size.top - 14}">${panel.title}</text>`,
    ...ticks.map(
      (tick) =>
        `<line class="grid" x1="${fixed(left + at(tick))}" x2="${fixed(left + at(tick))}" y1="${size.top - 4}" y2="${bottom}"/><text class="note" x="${fixed(left + at(tick))}" y="${bottom + 16}" text-anchor="middle">${text(tick)}</text>`,
    ),
    `<text class="note" x="${left + size.panel / 2}" y="${bottom + 36}" text-anchor="middle">${panel.unit}</text>`,
    ...situations.flatMap(({ withThem, without }, row) => {
      const y = size.top + row * size.row + 4;
      return [bar('with', withThem, y), bar('without', without, y + size.bar + 2)];
    }),
  ].join('\n');
};

/** Draws what the protections avoid: duplicate guests, lost visitors and OAuth calls, in each situation. */
export const drawChart = ({ lasting, bursts, outages }: Omit<PlanResults, 'attacks'>): string => {
  const situations = [...chosen(lasting, shownRates), ...chosen(bursts, shownBursts), ...pairs(outages)];
  const heading = 'What the registry, the overflow queue and the shared token avoid';
  const height = size.top + situations.length * size.row + 50;
  const labels = situations.flatMap(({ label }, row) =>
    label.map(
      (text, line) =>
        `<text ${line === 0 ? '' : 'class="note" '}x="10" y="${size.top + row * size.row + 18 + line * 18}">${escapeXml(text)}</text>`,
    ),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" role="img" aria-label="${heading}: bars with them and without, in ${situations.length} situations">
<style>${style}
</style>
<text class="heading" x="10" y="24">${heading}</text>
<rect class="with" x="10" y="40" width="14" height="14"/><text x="30" y="52">with this project</text>
<rect class="without" x="160" y="40" width="14" height="14"/><text x="180" y="52">without: a token for each container, no registry, no queue (the same code otherwise)</text>
${labels.join('\n')}
${panels.map((panel, index) => drawPanel(panel, index, situations)).join('\n')}
</svg>
`;
};

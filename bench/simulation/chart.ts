import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import type { LoadResult } from './simulate-load.ts';

const size = { width: 860, height: 336 };
const panel = { width: 350, height: 230, top: 62 };

interface Panel {
  readonly title: string;
  readonly left: number;
  readonly value: (result: LoadResult) => number;
  readonly scale: 'share' | 'log';
}

const panels: readonly Panel[] = [
  {
    title: 'Visitors who got their chat',
    left: 52,
    scale: 'share',
    value: ({ visitors: { atOnce, later, sessions } }) => (atOnce + later) / sessions,
  },
  {
    title: 'OAuth calls of the fleet',
    left: 480,
    scale: 'log',
    value: ({ oauthCalls }) => oauthCalls,
  },
];

// Text and grid take the reader's own colour; the two lines are legible on light and on dark ground.
const style = `
  svg { color: #24292f; font: 12px system-ui, sans-serif; }
  text { fill: currentColor; }
  .title { font-weight: 600; font-size: 13px; }
  .grid { stroke: currentColor; stroke-opacity: 0.15; }
  .with { stroke: #1a7f37; fill: none; stroke-width: 2.5; }
  .without { stroke: #d1600a; fill: none; stroke-width: 2.5; stroke-dasharray: 7 4; }
  .dot-with { fill: #1a7f37; }
  .dot-without { fill: #d1600a; }
  .quota { stroke: currentColor; stroke-opacity: 0.5; stroke-dasharray: 2 3; }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; }
    .with { stroke: #3fb950; } .dot-with { fill: #3fb950; }
    .without { stroke: #f0883e; } .dot-without { fill: #f0883e; }
  }`;

const compact = new Intl.NumberFormat('en-US', { notation: 'compact' });
const fixed = (value: number): string => value.toFixed(1);
const isDecade = (value: number): boolean => Number.isInteger(Math.log10(value));

type Scale = (value: number) => number;

/** The scale of the values, with its ticks and their labels. */
const valueAxis = ({ scale, value }: Panel, results: readonly LoadResult[]) => {
  const range = [panel.top + panel.height, panel.top];
  if (scale === 'share') {
    const y = scaleLinear([0, 1], range);
    return { y: (result: LoadResult) => y(value(result)), at: y as Scale, ticks: y.ticks(5), percent: true };
  }
  const largest = Math.max(1, ...results.map(value));
  const y = scaleLog([1, 10 ** Math.ceil(Math.log10(largest))], range);
  const ticks = y.ticks().filter(isDecade);
  return { y: (result: LoadResult) => y(Math.max(1, value(result))), at: y as Scale, ticks, percent: false };
};

const drawPanel = (one: Panel, results: readonly LoadResult[], quotaRate: number): string => {
  const { title, left } = one;
  const bottom = panel.top + panel.height;
  const right = left + panel.width;
  const rates = results.map(({ load }) => load.ratePerMinute);
  const x = scaleLog([Math.min(...rates), Math.max(...rates)], [left, right]);
  const { y, at, ticks, percent } = valueAxis(one, results);
  const path = line<LoadResult>(({ load }) => x(load.ratePerMinute), y).digits(1);

  const series = (machinery: boolean): string => {
    const kind = machinery ? 'with' : 'without';
    const points = results.filter(({ load }) => load.machinery === machinery);
    const dots = points.map(
      (result) =>
        `<circle class="dot-${kind}" cx="${fixed(x(result.load.ratePerMinute))}" cy="${fixed(y(result))}" r="3"/>`,
    );
    return `<path class="${kind}" d="${path(points) ?? ''}"/>${dots.join('')}`;
  };
  const gridLine = (tick: number): string => {
    const height = at(tick);
    const label = percent ? `${Math.round(tick * 100)} %` : compact.format(tick);
    return `<line class="grid" x1="${left}" x2="${right}" y1="${fixed(height)}" y2="${fixed(height)}"/><text x="${left - 6}" y="${fixed(height + 4)}" text-anchor="end">${label}</text>`;
  };
  const decade = (tick: number): string =>
    `<text x="${fixed(x(tick))}" y="${bottom + 18}" text-anchor="middle">${compact.format(tick)}</text>`;
  const quotaX = fixed(x(quotaRate));
  const isSeen = Math.min(...rates) <= quotaRate && quotaRate <= Math.max(...rates);

  return [
    `<text class="title" x="${left}" y="${panel.top - 14}">${title}</text>`,
    ...ticks.map(gridLine),
    ...x.ticks().filter(isDecade).map(decade),
    `<text x="${left + panel.width / 2}" y="${bottom + 36}" text-anchor="middle">sessions a minute (logarithmic)</text>`,
    isSeen ? `<line class="quota" x1="${quotaX}" x2="${quotaX}" y1="${panel.top}" y2="${bottom}"/>` : '',
    series(false),
    series(true),
  ].join('\n');
};

/**
 * Draws share of visitors served and OAuth calls over the arrival rate, with and without the machinery.
 * @param quotaRate sessions a minute that the quota of Genesys can serve at all
 */
export const drawChart = (results: readonly LoadResult[], quotaRate: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Share of visitors served and OAuth calls, over sessions a minute, with and without the shared machinery">
<style>${style}
</style>
<line class="with" x1="52" x2="82" y1="18" y2="18"/><text x="88" y="22">with registry, shared token, queue, admission</text>
<line class="without" x1="400" x2="430" y1="18" y2="18"/><text x="436" y="22">without</text>
<line class="quota" x1="520" x2="550" y1="18" y2="18"/><text x="556" y="22">what the quota can serve</text>
${panels.map((one) => drawPanel(one, results, quotaRate)).join('\n')}
</svg>
`;

import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import type { LoadResult } from './simulate-load.ts';

const size = { width: 860, height: 340 };
const panel = { width: 350, height: 230, top: 62, lefts: [52, 480] } as const;

interface Panel {
  readonly title: string;
  readonly left: number;
  readonly unit: string;
  readonly value: (result: LoadResult) => number;
  readonly scale: 'share' | 'log';
}

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

const drawPanel = (
  { title, left, unit, value, scale }: Panel,
  results: readonly LoadResult[],
  quotaRate: number,
): string => {
  const { width, height, top } = panel;
  const bottom = top + height;
  const rates = results.map(({ load }) => load.ratePerMinute);
  const x = scaleLog([Math.min(...rates), Math.max(...rates)], [left, left + width]);
  const largest = Math.max(1, ...results.map(value));
  const y =
    scale === 'share'
      ? scaleLinear([0, 1], [bottom, top])
      : scaleLog([1, 10 ** Math.ceil(Math.log10(largest))], [bottom, top]);
  const ticks = (scale === 'share' ? y.ticks(5) : y.ticks(5)).filter(
    (tick) => scale === 'share' || Number.isInteger(Math.log10(tick)),
  );
  const label = (tick: number): string => (scale === 'share' ? `${tick * 100} %` : compact.format(tick));
  const path = line<LoadResult>(
    ({ load }) => x(load.ratePerMinute),
    (result) => y(scale === 'share' ? value(result) : Math.max(1, value(result))),
  ).digits(1);
  const decades = x.ticks().filter((tick) => Number.isInteger(Math.log10(tick)));

  const series = (machinery: boolean): string => {
    const points = results.filter(({ load }) => load.machinery === machinery);
    const kind = machinery ? 'with' : 'without';
    const dots = points.map((result) => {
      const height = y(scale === 'share' ? value(result) : Math.max(1, value(result)));
      return `<circle class="dot-${kind}" cx="${fixed(x(result.load.ratePerMinute))}" cy="${fixed(height)}" r="3"/>`;
    });
    return `<path class="${kind}" d="${path(points) ?? ''}"/>${dots.join('')}`;
  };

  return [
    `<text class="title" x="${left}" y="${top - 14}">${title}</text>`,
    ...ticks.map(
      (tick) =>
        `<line class="grid" x1="${left}" x2="${left + width}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}"/>` +
        `<text x="${left - 6}" y="${fixed(y(tick) + 4)}" text-anchor="end">${label(tick)}</text>`,
    ),
    ...decades.map(
      (tick) =>
        `<text x="${fixed(x(tick))}" y="${bottom + 18}" text-anchor="middle">${compact.format(tick)}</text>`,
    ),
    `<text x="${left + width / 2}" y="${bottom + 36}" text-anchor="middle">${unit}</text>`,
    `<line class="quota" x1="${fixed(x(quotaRate))}" x2="${fixed(x(quotaRate))}" y1="${top}" y2="${bottom}"/>`,
    series(false),
    series(true),
  ].join('\n');
};

/**
 * Draws share of visitors served and OAuth calls over the arrival rate, with and without the machinery.
 * @param quotaRate sessions a minute that the quota of Genesys can serve at all
 */
export const drawChart = (results: readonly LoadResult[], quotaRate: number): string => {
  const unit = 'sessions a minute (logarithmic)';
  const [first, second] = panel.lefts;
  const panels: readonly Panel[] = [
    {
      title: 'Visitors who got their chat',
      left: first,
      unit,
      scale: 'share',
      value: ({ visitors: { atOnce, later, sessions } }) => (atOnce + later) / sessions,
    },
    {
      title: 'OAuth calls of the fleet',
      left: second,
      unit,
      scale: 'log',
      value: ({ oauthCalls }) => oauthCalls,
    },
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Share of visitors served and OAuth calls, over sessions a minute, with and without the shared machinery">
<style>${style}
</style>
<line class="with" x1="52" x2="82" y1="18" y2="18"/><text x="88" y="22">with registry, shared token, queue, admission</text>
<line class="without" x1="400" x2="430" y1="18" y2="18"/><text x="436" y="22">without</text>
<line class="quota" x1="520" x2="550" y1="18" y2="18"/><text x="556" y="22">what the quota can serve</text>
${panels.map((one) => drawPanel(one, results, quotaRate)).join('\n')}
</svg>
`;
};

import { element, shape } from '../element.ts';
import type { Exchange, Step } from './exchange.ts';

const lanes = ['Website', 'Function', 'Tables', 'Genesys', 'Queue'] as const;
type Lane = (typeof lanes)[number];
const laneOf: Readonly<Record<string, Lane>> = { dynamodb: 'Tables', genesys: 'Genesys', sqs: 'Queue' };

interface Arrow {
  readonly from: Lane;
  readonly to: Lane;
  readonly text: string;
  readonly durationMs?: number;
}

const laneX = (lane: Lane): number => 60 + lanes.indexOf(lane) * 140;
const rowHeight = 34;
const width = laneX('Queue') + 70;
const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

const callArrow = ({ service, text, durationMs }: Step): Arrow => ({
  from: 'Function',
  // The secret is read by the function and kept: beside its tables.
  to: laneOf[service] ?? 'Tables',
  text,
  durationMs,
});

/** The steps in the order in which they began. */
const arrowsOf = ({ steps, status, durationMs }: Exchange): readonly Arrow[] => {
  const whole = steps.find(({ service }) => service === 'function');
  const calls = steps
    .filter((step) => step !== whole)
    .sort((a, b) => a.startMs - b.startMs)
    .map(callArrow);
  return [
    { from: 'Website', to: 'Function', text: 'Session id and consent' },
    { from: 'Function', to: 'Function', text: 'Hash the session id' },
    ...calls,
    {
      from: 'Function',
      to: 'Website',
      text: status === undefined ? 'No response' : `HTTP ${status}`,
      durationMs,
    },
  ];
};

const drawArrow = ({ from, to, text, durationMs }: Arrow, index: number): SVGElement => {
  const y = 52 + index * rowHeight;
  const [x1, x2] = [laneX(from), laneX(to)];
  const label = durationMs === undefined ? text : `${text} · ${ms(durationMs)}`;
  if (from === to) {
    return shape(
      'g',
      {},
      shape('circle', { cx: x1, cy: y, r: 4, class: 'dot' }),
      shape('text', { x: x1 + 10, y: y + 4, class: 'label' }, label),
    );
  }
  const tip = x2 > x1 ? -7 : 7;
  const left = Math.min(x1, x2) + 8;
  return shape(
    'g',
    {},
    shape('line', { x1, y1: y, x2, y2: y, class: 'arrow' }),
    shape('path', { d: `M${x2} ${y}l${tip} -4v8z`, class: 'tip' }),
    shape('text', { x: left, y: y - 6, class: 'label' }, label),
  );
};

const drawing = (arrows: readonly Arrow[]): SVGElement => {
  const height = 60 + arrows.length * rowHeight;
  return shape(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, class: 'sequence', 'aria-hidden': 'true' },
    ...lanes.flatMap((lane) => [
      shape('text', { x: laneX(lane), y: 16, class: 'lane' }, lane),
      shape('line', { x1: laneX(lane), y1: 24, x2: laneX(lane), y2: height - 12, class: 'life' }),
    ]),
    ...arrows.map(drawArrow),
  );
};

/** The steps as a list, for who cannot see the drawing and for narrow screens. */
const list = (arrows: readonly Arrow[]): HTMLElement =>
  element(
    'ol',
    { className: 'steps', id: 'steps' },
    ...arrows.map(({ from, to, text, durationMs }) =>
      element(
        'li',
        {},
        element('span', { textContent: from === to ? `${from}: ${text}` : `${from} → ${to}: ${text}` }),
        durationMs === undefined ? undefined : ' ',
        durationMs === undefined ? undefined : element('span', { textContent: ms(durationMs) }),
      ),
    ),
  );

/** What happened behind one request. */
export const sequenceView = (exchange: Exchange, attempt: number): readonly Node[] => {
  const arrows = arrowsOf(exchange);
  return [
    ...(attempt > 1
      ? [element('p', { className: 'hint', textContent: `Request ${attempt} of this visit.` })]
      : []),
    element('div', { className: 'sequence-frame' }, drawing(arrows)),
    list(arrows),
  ];
};

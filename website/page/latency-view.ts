import { element, shape } from '../element.ts';
import type { Exchange } from './exchange.ts';

const kept = 24;
const height = 90;
const step = 14;

const kindOf = (status: number | undefined): string =>
  status === 200 ? 'good' : status === 202 ? 'wait' : 'bad';

/** How long the latest requests took, one bar each, newest on the right. */
export const createLatencyView = (): ((exchange: Exchange) => readonly Node[]) => {
  const seen: { readonly ms: number; readonly status: number | undefined }[] = [];
  return ({ durationMs, status }) => {
    seen.push({ ms: durationMs, status });
    if (seen.length > kept) seen.shift();
    const longest = Math.max(...seen.map(({ ms }) => ms));
    const bars = seen.map(({ ms, status: ended }, index) => {
      const tall = Math.max(2, (ms / longest) * (height - 4));
      return shape(
        'rect',
        { x: index * step, y: height - tall, width: step - 4, height: tall, class: kindOf(ended) },
        shape('title', {}, `${Math.round(ms)} ms, HTTP ${ended ?? 'none'}`),
      );
    });
    const median = [...seen].sort((a, b) => a.ms - b.ms)[Math.floor(seen.length / 2)]?.ms ?? 0;
    const summary = `${seen.length} ${seen.length === 1 ? 'request' : 'requests'}: median ${Math.round(median)} ms, longest ${Math.round(longest)} ms, latest ${Math.round(durationMs)} ms.`;
    return [
      shape(
        'svg',
        {
          viewBox: `0 0 ${kept * step} ${height}`,
          class: 'latency',
          role: 'img',
          'aria-label': `Bars of the latest requests. ${summary}`,
        },
        ...bars,
      ),
      element('p', { className: 'hint', textContent: summary }),
    ];
  };
};

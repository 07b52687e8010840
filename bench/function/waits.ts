import type { Span } from './run-container.ts';
import type { SeenCall } from './world.ts';

/** A service may see a call a moment before its caller's clock does. */
const earlyMs = 0.5;

/** The calls that began during a span; one that goes on after it counts. */
export const callsDuring = ([began, ended]: Span, calls: readonly SeenCall[]): readonly SeenCall[] =>
  calls
    .filter(({ span: [from] }) => from >= began - earlyMs && from <= ended)
    .toSorted((a, b) => a.span[0] - b.span[0]);

/** How much of a span at least one call was under way: its critical path's waits. */
export const waitedMs = ([began, ended]: Span, calls: readonly SeenCall[]): number => {
  let total = 0;
  let until = began;
  for (const { span } of callsDuring([began, ended], calls)) {
    const from = Math.max(span[0], until);
    const to = Math.min(span[1], ended);
    if (to > from) total += to - from;
    until = Math.max(until, to);
  }
  return total;
};

/** The longest chain of calls each of which began after the one before it had ended. */
export const inSeries = (calls: readonly SeenCall[]): number => {
  let length = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { span } of calls.toSorted((a, b) => a.span[1] - b.span[1])) {
    if (span[0] < until) continue;
    length += 1;
    until = span[1];
  }
  return length;
};

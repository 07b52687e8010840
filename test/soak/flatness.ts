import type { Finding } from './balance.ts';
import type { Measured } from './fleet.ts';

/**
 * What a container may hold after a garbage collection, while nobody asks anything. None of it is a time: how fast the
 * machine is makes no difference.
 */
export const tolerance = {
  /** Growth from the end of the first third to the end of the last, while code is still compiled and caches fill up. */
  warmingHeapBytes: 1_000_000,
  /** And in a container that has served so many by the first third. */
  heapBytes: 500_000,
  settledAfterRequests: 250,
  /** And for each request between: a leak keeps something of it, and an event alone is a kilobyte. */
  heapBytesPerRequest: 100,
  /** And for each guest that it made between, which it remembers: `npm run bench -- --only growth` shows a kilobyte. */
  heapBytesPerGuest: 1200,
  /** A container that has served fewer by the first third still compiles its code: its heap is not judged. */
  warmAfterRequests: 40,
  /** At any time; one invocation at a time needs four. */
  sockets: 10,
  /** On one socket at any time; Node's own agents put seven there. */
  socketListeners: 10,
  /** Growth. */
  processListeners: 0,
  /** Growth, of each type. */
  resources: 2,
} as const;

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);

const isWarm = ({ served }: Measured): boolean => served >= tolerance.warmAfterRequests;

const compare = (before: Measured, after: Measured): readonly string[] => {
  const served = after.served - before.served;
  const isSettled = before.served >= tolerance.settledAfterRequests;
  const base = isSettled ? tolerance.heapBytes : tolerance.warmingHeapBytes;
  const made = after.made - before.made;
  const allowed = base + tolerance.heapBytesPerRequest * served + tolerance.heapBytesPerGuest * made;
  const grown = after.held.heapBytes - before.held.heapBytes;
  const faults: string[] = [];
  if (isWarm(before) && grown > allowed) {
    faults.push(
      `heap of ${after.name} grew by ${megabytes(grown)} MB over ${served} requests and ${made} guests`,
    );
  }
  for (const what of ['sockets', 'socketListeners'] as const) {
    if (after.held[what] > tolerance[what]) faults.push(`${after.name} has ${after.held[what]} ${what}`);
  }
  const types = new Set([...Object.keys(before.held.resources), ...Object.keys(after.held.resources)]);
  const grows = [
    [
      'listeners on the process',
      before.held.processListeners,
      after.held.processListeners,
      tolerance.processListeners,
    ] as const,
    ...[...types].map(
      (type) =>
        [
          type,
          before.held.resources[type] ?? 0,
          after.held.resources[type] ?? 0,
          tolerance.resources,
        ] as const,
    ),
  ];
  for (const [what, from, to, more] of grows) {
    if (to > from + more) faults.push(`${what} of ${after.name} went from ${from} to ${to}`);
  }
  return faults;
};

/** Compares what the containers hold after the first and after the last third. */
export const flatness = (thirds: readonly (readonly Measured[])[]): Finding => {
  const [first = [], last = []] = [thirds[0], thirds.at(-1)];
  const faults = first.flatMap((before) => {
    const after = last.find(({ name }) => name === before.name);
    return after === undefined ? [`${before.name} did not live to the end`] : compare(before, after);
  });
  if (!first.some(isWarm)) faults.push('no container served enough to be measured');
  const text = first.map(({ name }) => {
    const held = thirds.flatMap((third) => third.filter((one) => one.name === name));
    const heap = held.map(({ held: { heapBytes } }) => megabytes(heapBytes)).join(' → ');
    const {
      served = 0,
      made = 0,
      held: { sockets = 0, socketListeners = 0, processListeners = 0 } = {},
    } = held.at(-1) ?? {};
    return `${name} (${served} served, ${made} guests made) heap ${heap} MB${first.some((one) => one.name === name && isWarm(one)) ? '' : ' (too few requests to judge)'}, ${sockets} sockets with at most ${socketListeners} listeners, ${processListeners} on the process`;
  });
  return {
    check: 'memory, sockets, listeners and timers are flat',
    isBroken: faults.length > 0,
    text: faults.length > 0 ? faults.join('; ') : text.join('\n      '),
  };
};

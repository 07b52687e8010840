// Imported first in a container process: lets its parent move the process's clock, so that five minutes or a day
// pass at once. Timers are real, and run on the machine's own time.
const RealDate = Date;
const realNow = Date.now;
const realPerformanceNow = performance.now.bind(performance);
let shiftMs = Number(process.env['CLOCK_SHIFT_MS'] ?? '0');

globalThis.Date = class ShiftedDate extends RealDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [realNow() + shiftMs] : parts));
  }

  static now() {
    return realNow() + shiftMs;
  }
};
performance.now = () => realPerformanceNow() + shiftMs;

/** From now on the process's clock is ahead of the machine's by so many milliseconds. */
export const shiftClock = (ms) => {
  shiftMs = ms;
};

import { deadlineExceeded } from '../guest/errors.ts';
import type { Deadline } from '../guest/ports.ts';

interface Flight<T> {
  readonly passengers: Set<Deadline>;
  readonly abort: () => void;
  readonly result: Promise<T>;
}

/**
 * One run for all callers that come while it lasts. Each waits with its own deadline; the run lasts as long as
 * the most patient of them and is aborted only when the last has given up, who then waits for its end.
 * @throws GuestError `deadline_exceeded` to a caller whose time ends
 */
export const createFlight = <T>(run: (deadline: Deadline) => Promise<T>) => {
  let current: Flight<T> | undefined;

  const start = (first: Deadline): Flight<T> => {
    const passengers = new Set([first]);
    const controller = new AbortController();
    const deadline: Deadline = {
      signal: controller.signal,
      remainingMs: () => Math.max(0, ...[...passengers].map((passenger) => passenger.remainingMs())),
    };
    const result = run(deadline).finally(() => {
      if (current === flight) current = undefined;
    });
    const flight = { passengers, result, abort: () => controller.abort(deadlineExceeded()) };
    return flight;
  };

  return async (deadline: Deadline): Promise<T> => {
    if (deadline.signal.aborted) throw deadlineExceeded();
    // A copy: two callers may bring the same deadline.
    const passenger: Deadline = { signal: deadline.signal, remainingMs: () => deadline.remainingMs() };
    if (current === undefined) current = start(passenger);
    else current.passengers.add(passenger);
    const flight = current;

    return await new Promise<T>((resolve, reject) => {
      const leave = () => {
        flight.passengers.delete(passenger);
        if (flight.passengers.size > 0) return reject(deadlineExceeded());
        if (current === flight) current = undefined;
        flight.abort();
        // What the run owes to others (the end of a lease) is done before the container may be frozen.
        const end = () => reject(deadlineExceeded());
        flight.result.then(end, end);
      };
      deadline.signal.addEventListener('abort', leave, { once: true });
      flight.result.finally(() => deadline.signal.removeEventListener('abort', leave)).then(resolve, reject);
    });
  };
};

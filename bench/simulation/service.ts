import { startDeadline } from '../../lambda/guest/deadline.ts';
import { deadlineExceeded, GuestError } from '../../lambda/guest/errors.ts';
import type { InitialiseGuestCommand } from '../../lambda/guest/initialise-guest.ts';
import { assumptions } from './assumptions.ts';
import { createDrainContainer, createInitContainer, createPlainContainer } from './container.ts';
import { createFleet } from './fleet.ts';
import type { Answer } from './visitors.ts';
import type { World } from './world.ts';

const { lambda, worker, settings } = assumptions;
const consent = { given: true, type: 'explicit', stated: true } as const;

/** The service as the world outside sees it: containers of the API and, with the machinery, of the worker. */
export const createService = (world: World, machinery: boolean) => {
  const { clock, chance, overflow } = world;
  const common = { clock, coldStartMs: () => chance.aroundMs(lambda.coldStartMs), idleMs: lambda.idleMs };
  const init = createFleet({
    ...common,
    concurrency: lambda.concurrency,
    start: () => (machinery ? createInitContainer(world) : createPlainContainer(world)),
  });
  const drain = createFleet({
    ...common,
    concurrency: worker.concurrency,
    start: () => createDrainContainer(world),
  });

  /** What `lambda/http/handler.ts` does around the use case, as far as time and errors go. */
  const serve = async (
    initialise: ReturnType<typeof createInitContainer>,
    command: InitialiseGuestCommand,
  ): Promise<Answer> => {
    const deadline = startDeadline(clock, settings.initBudgetMs);
    try {
      await clock.sleep(lambda.handlingMs);
      return await initialise(command, deadline);
    } catch (error) {
      if (error instanceof GuestError) return { kind: 'failed', error };
      if (deadline.signal.aborted) return { kind: 'failed', error: deadlineExceeded(error) };
      throw error;
    } finally {
      deadline.clear();
    }
  };

  for (let poller = 0; machinery && poller < worker.concurrency; poller += 1) {
    void overflow.poll(async (event, context) => {
      const result = await drain.invoke(async (batch) => await batch(event, context));
      if (result === 'throttled') throw new Error('more pollers than workers');
      return result;
    });
  }

  return {
    init: init.counts,
    drain: drain.counts,
    request: async (sessionId: string, verified = false): Promise<Answer> => {
      const command = { sessionId, consent, verified };
      const answer = await init.invoke(async (initialise) => await serve(initialise, command));
      if (answer !== 'throttled') return answer;
      return { kind: 'failed', error: new GuestError('unavailable', { retryAfterSeconds: 1 }) };
    },
  };
};

/** Errors are expected here by the hundred thousand, and nobody reads where they came from. */
export const withoutStacks = async (work: () => Promise<void>): Promise<void> => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};

import * as v from 'valibot';
import { budgetMs, startDeadline } from '../guest/deadline.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { ResolvedVisitor, ResolveVisitorCommand } from '../guest/resolve-visitor.ts';

/** What the edge of the message flow reports. */
export type DataActionEvent =
  /** `durationMs` */
  | 'resolve_completed'
  /** `durationMs`, `name`: the flow takes its failure path. */
  | 'resolve_failed';

/** The event is not what the data action sends. Names the fields at fault, no value. */
export class ResolveInputError extends Error {
  override readonly name = 'ResolveInputError';
}

/** The visitor could not be looked up. Its message holds no value; the log says why. */
export class ResolveFailedError extends Error {
  override readonly name = 'ResolveFailedError';
}

export interface ResolveHandlerDependencies {
  readonly resolve: (command: ResolveVisitorCommand, deadline: Deadline) => Promise<ResolvedVisitor>;
  /** Runs one invocation: its request id is on every log line, its metrics are written at its end. */
  readonly invocation: <T>(requestId: string | undefined, work: () => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  readonly telemetry: Telemetry<DataActionEvent>;
  readonly settings: { readonly resolveBudgetMs: number };
}

/** The Lambda context, as far as this edge reads it. */
interface InvocationContext {
  readonly awsRequestId?: string;
  getRemainingTimeInMillis?(): number;
}

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));
const eventSchema = v.object({ guestReference: text, conversationId: text });

/** @throws ResolveInputError */
const commandOf = (event: unknown): ResolveVisitorCommand => {
  const parsed = v.safeParse(eventSchema, event);
  if (parsed.success) return parsed.output;
  const fields = new Set(parsed.issues.map((issue) => v.getDotPath(issue) ?? 'event'));
  throw new ResolveInputError(
    `Not a resolve event: ${[...fields].sort().join(', ')} must be non-empty text.`,
  );
};

/**
 * The function that Genesys Cloud's AWS Lambda data action invokes: an event in, one flat object out.
 * @throws ResolveInputError, ResolveFailedError: the flow takes its failure path
 */
export const createResolveHandler = ({
  resolve,
  invocation,
  clock,
  telemetry,
  settings,
}: ResolveHandlerDependencies) => {
  return async (event: unknown, context: InvocationContext = {}): Promise<ResolvedVisitor> =>
    await invocation(context.awsRequestId, async () => {
      const startedAtMs = clock.now();
      const deadline = startDeadline(
        clock,
        budgetMs(settings.resolveBudgetMs, context.getRemainingTimeInMillis?.()),
      );
      try {
        const resolved = await resolve(commandOf(event), deadline);
        telemetry.record('resolve_completed', { durationMs: clock.now() - startedAtMs });
        return resolved;
      } catch (error) {
        const name = error instanceof Error ? error.name : typeof error;
        telemetry.record('resolve_failed', { name, durationMs: clock.now() - startedAtMs });
        if (error instanceof ResolveInputError) throw error;
        throw new ResolveFailedError('The visitor could not be looked up.');
      } finally {
        deadline.clear();
      }
    });
};

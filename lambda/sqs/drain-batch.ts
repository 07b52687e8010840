import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { startDeadline } from '../guest/deadline.ts';
import { type DrainRegistration, maxDeliveries } from '../guest/drain-registration.ts';
import type { Clock, Deadline, QueuedRegistration, Telemetry } from '../guest/ports.ts';
import type { SqsEvent } from './events.ts';

export interface DrainBatchDependencies {
  readonly drain: DrainRegistration;
  /** @throws on a message that is not a registration */
  readonly parse: (body: string) => QueuedRegistration;
  readonly changeVisibility: (receiptHandle: string, seconds: number, deadline: Deadline) => Promise<void>;
  readonly clock: Clock;
  readonly telemetry: Telemetry<SqsEvent>;
  /** Time that one registration needs at least; a batch is broken off rather than cut by Lambda. */
  readonly reserveMs: number;
  /** A registration that has waited longer is given up. */
  readonly maxAgeMs: number;
}

type Outcome = 'done' | 'again';

/** Without a context (outside Lambda) a batch may take so long. */
const defaultTimeMs = 30_000;
/** A message that was not reached in this batch. */
const unreachedSeconds = 5;
/**
 * A message whose registration failed unexpectedly (a table that is away) waits longer each time: over ten minutes
 * pass before the queue moves it to the dead letters, which is about as long as the visitor's `queued` state lasts.
 */
const failurePausesSeconds = [5, 10, 20, 40, 60, 120] as const;
const failurePauseSeconds = (deliveries: number): number =>
  failurePausesSeconds[Math.min(deliveries, failurePausesSeconds.length) - 1] ?? 5;

/**
 * The overflow worker's SQS batch: one registration after the other, so that Genesys' pace is everybody's pace.
 * Reports failed items one by one (`ReportBatchItemFailures`); a poison message fails until SQS moves it to the
 * dead-letter queue.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export const createDrainBatch = (deps: DrainBatchDependencies) => {
  const { drain, parse, changeVisibility, clock, telemetry, reserveMs, maxAgeMs } = deps;

  const postpone = async (record: SQSRecord, seconds: number, deadline: Deadline): Promise<Outcome> => {
    try {
      await changeVisibility(record.receiptHandle, seconds, deadline);
    } catch {
      // The message comes back after the queue's own visibility timeout.
      telemetry.record('visibility_unchanged', { messageId: record.messageId });
    }
    return 'again';
  };

  /** Until then Genesys wants no guest created: the rest of a batch is not even tried. */
  let limitedUntilMs = 0;

  const processRecord = async (record: SQSRecord, deadline: Deadline): Promise<Outcome> => {
    let message: QueuedRegistration;
    try {
      message = parse(record.body);
    } catch {
      telemetry.record('message_poisoned', { messageId: record.messageId });
      return 'again';
    }
    const ageMs = clock.now() - message.queuedAtMs;
    telemetry.record('registration_delivered', { ageSeconds: Math.max(0, Math.round(ageMs / 1000)) });
    if (deadline.remainingMs() < reserveMs) return await postpone(record, unreachedSeconds, deadline);
    const deliveries = Number(record.attributes?.ApproximateReceiveCount) || 1;
    const limitedForMs = limitedUntilMs - clock.now();
    // One that would be too old by then, or has come too often, is given up now.
    if (limitedForMs > 0 && ageMs + limitedForMs <= maxAgeMs && deliveries < maxDeliveries) {
      return await postpone(record, Math.ceil(limitedForMs / 1000), deadline);
    }
    try {
      const outcome = await drain(message, deliveries, deadline);
      if (outcome.kind === 'done') return 'done';
      if (outcome.limited === true) limitedUntilMs = clock.now() + outcome.afterSeconds * 1000;
      return await postpone(record, outcome.afterSeconds, deadline);
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      telemetry.record('message_failed', { messageId: record.messageId, name });
      return await postpone(record, failurePauseSeconds(deliveries), deadline);
    }
  };

  return async (
    event: Partial<SQSEvent> | null | undefined,
    context: { getRemainingTimeInMillis?(): number } = {},
  ): Promise<SQSBatchResponse> => {
    const deadline = startDeadline(
      clock,
      Math.max(0, (context.getRemainingTimeInMillis?.() ?? defaultTimeMs) - 1000),
    );
    const batchItemFailures: { itemIdentifier: string }[] = [];
    try {
      for (const record of event?.Records ?? []) {
        if ((await processRecord(record, deadline)) === 'again') {
          batchItemFailures.push({ itemIdentifier: record.messageId });
        }
      }
    } finally {
      deadline.clear();
    }
    return { batchItemFailures };
  };
};

import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { parseQueuedRegistration } from './aws/overflow-queue.ts';
import { compose, configure, type Environment, leaseReserveMs } from './compose.ts';
import { createDrainRegistration } from './guest/drain-registration.ts';
import { createDrainBatch } from './sqs/drain-batch.ts';
import { systemClock as clock } from './system-clock.ts';

/** The overflow worker. @throws ConfigError naming every fault */
export const composeDrain = (environment: Environment) => {
  const { config, observability } = configure(environment);
  const { telemetry } = observability;
  const { registration, queue } = compose(config, observability);
  const batch = createDrainBatch({
    drain: createDrainRegistration(registration),
    parse: parseQueuedRegistration,
    changeVisibility: async (receiptHandle, seconds, deadline) =>
      await queue?.changeVisibility(receiptHandle, seconds, deadline),
    clock,
    telemetry,
    reserveMs: config.genesysTimeoutMs + leaseReserveMs,
  });
  return async (event: SQSEvent, context?: Context): Promise<SQSBatchResponse> =>
    await observability.invocation(context?.awsRequestId, async () => await batch(event, context));
};

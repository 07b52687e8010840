import { EventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { accept } from './accepted-findings.ts';
import { workerConcurrency } from './settings.ts';

interface OverflowWorkerProps {
  readonly queue: IQueue;
  readonly worker: LambdaFunction;
  /** False stops the worker: the kill switch. */
  readonly enabled: boolean;
}

/** Lets the worker serve the queue: few at a time, since Genesys limits, and each message for itself. */
export class OverflowWorker extends Construct {
  /** Of the event source: the out-of-band switch needs it. */
  readonly sourceId: string;

  constructor(scope: Construct, id: string, { queue, worker, enabled }: OverflowWorkerProps) {
    super(scope, id);
    const source = new EventSourceMapping(this, 'Source', {
      eventSourceArn: queue.queueArn,
      target: worker,
      batchSize: 10,
      maxConcurrency: workerConcurrency,
      reportBatchItemFailures: true,
      enabled,
    });
    this.sourceId = source.eventSourceMappingId;
    accept(
      source,
      ['Serverless-LambdaEventSourceMappingDestination'],
      'Lambda offers failure destinations for streams only; what fails here goes back to the queue and from there to its dead-letter queue.',
    );
  }
}

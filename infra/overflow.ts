import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { accept } from './accepted-findings.ts';
import { removalOf } from './removal.ts';

interface OverflowProps {
  readonly key: IKey;
  readonly keepData: boolean;
  /** Longest run of the worker: a message stays hidden for six times as long. */
  readonly workerTimeout: Duration;
}

/** Registrations that wait for Genesys to stop limiting, and those that no worker could read. */
export class Overflow extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { key, keepData, workerTimeout }: OverflowProps) {
    super(scope, id);
    const removalPolicy = removalOf({ keepData });
    const shared = {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      removalPolicy,
    };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...shared,
      retentionPeriod: Duration.days(14),
    });
    accept(
      this.deadLetters,
      ['Serverless-SQSRedrivePolicy'],
      'This is the dead-letter queue itself; an alarm reports every message in it.',
    );
    this.queue = new Queue(this, 'Queue', {
      ...shared,
      visibilityTimeout: Duration.seconds(workerTimeout.toSeconds() * 6),
      // A registration is given up after minutes; what is here longer has no worker at all.
      retentionPeriod: Duration.hours(6),
      // The worker itself gives up after 10 deliveries: only what it cannot read comes further.
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 12 },
    });
  }
}

import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  PurgeQueueCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localCredentials, localRegion } from '../../local/embedded-dynamodb.ts';
import { type Sqs, startSqs } from '../../local/sqs.ts';

describe('the embedded SQS', () => {
  let nowMs: number;
  let sqs: Sqs;
  let client: SQSClient;
  let QueueUrl: string;
  beforeEach(async () => {
    nowMs = Date.now();
    sqs = await startSqs({
      now: () => nowMs,
      queues: {
        work: { visibilityTimeoutSeconds: 30, deadLetter: { queue: 'dead', maxReceiveCount: 2 } },
        dead: {},
      },
    });
    client = new SQSClient({
      endpoint: sqs.url,
      region: localRegion,
      credentials: localCredentials,
      maxAttempts: 1,
    });
    QueueUrl = sqs.queueUrl('work');
  });
  afterEach(async () => {
    client.destroy();
    await sqs.close();
  });

  const send = (MessageBody: string, DelaySeconds?: number) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));
  const receive = async (url = QueueUrl): Promise<Message[]> => {
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
    });
    return (await client.send(command)).Messages ?? [];
  };
  const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);
  const handleOf = (messages: readonly Message[]): string => messages[0]?.ReceiptHandle ?? '';

  it('hands a message to the real client, hides it meanwhile, and forgets it when it is deleted', async () => {
    const { MessageId } = await send('päckchen');
    const first = await receive();
    expect(first).toMatchObject([
      { MessageId, Body: 'päckchen', Attributes: { ApproximateReceiveCount: '1' } },
    ]);
    expect(await receive()).toEqual([]);
    nowMs += 30_000;
    const second = await receive();
    expect(second[0]?.Attributes?.['ApproximateReceiveCount']).toBe('2');
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: handleOf(second) }));
    nowMs += 30_000;
    expect(await receive()).toEqual([]);
  });

  it('moves a message that nobody deletes to the dead-letter queue', async () => {
    await send('poison');
    for (let delivery = 0; delivery < 2; delivery += 1) {
      expect(bodies(await receive())).toEqual(['poison']);
      nowMs += 30_000;
    }
    expect(await receive()).toEqual([]);
    expect(bodies(await receive(sqs.queueUrl('dead')))).toEqual(['poison']);
  });

  it('changes the visibility of a message, and refuses a handle that is not in use', async () => {
    await send('soon');
    const ReceiptHandle = handleOf(await receive());
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 5 }));
    nowMs += 5000;
    expect(bodies(await receive())).toEqual(['soon']);
    await expect(
      client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 })),
    ).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
  });

  it('works in batches, each entry on its own', async () => {
    const sent = await client.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: ['a', 'b'].map((text) => ({ Id: text, MessageBody: text })),
      }),
    );
    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(['a', 'b']);
    const [a, b] = await receive();
    const changed = await client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: [
          { Id: 'a', ReceiptHandle: a?.ReceiptHandle, VisibilityTimeout: 0 },
          { Id: 'x', ReceiptHandle: 'gone', VisibilityTimeout: 0 },
        ],
      }),
    );
    expect(changed.Successful).toMatchObject([{ Id: 'a' }]);
    expect(changed.Failed).toMatchObject([{ Id: 'x', Code: 'ReceiptHandleIsInvalid', SenderFault: true }]);
    await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [{ Id: 'b', ReceiptHandle: b?.ReceiptHandle }],
      }),
    );
    expect(sqs.messages('work').map(({ body }) => body)).toEqual(['a']);
  });

  it('counts what is visible, in flight and delayed', async () => {
    await send('in flight');
    await receive();
    await send('visible');
    await send('delayed', 60);
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessagesDelayed: '1',
    });
    await client.send(new PurgeQueueCommand({ QueueUrl }));
    expect(sqs.messages('work')).toEqual([]);
  });

  it('knows its queues by name, and no others', async () => {
    const urlOf = async (QueueName: string) =>
      (await client.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl;
    expect(await urlOf('work')).toBe(QueueUrl);
    await expect(urlOf('none')).rejects.toBeInstanceOf(QueueDoesNotExist);
  });

  it('waits for a message when it is asked to', async () => {
    const waiting = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    sqs.queue('work').send('late');
    expect(bodies((await waiting).Messages ?? [])).toEqual(['late']);
  });
});

import { awsCall } from './signed-call.ts';

/*
 * The least that can stand in for the three clients of the AWS SDK here: one signed call, no repeats, no checks, no
 * abort; credentials, region and endpoints from the environment only.
 */
class BareCommand {
  constructor(readonly input: unknown) {}
}
export class BatchGetItemCommand extends BareCommand {}
export class DeleteItemCommand extends BareCommand {}
export class GetItemCommand extends BareCommand {}
export class PutItemCommand extends BareCommand {}
export class UpdateItemCommand extends BareCommand {}
export class GetSecretValueCommand extends BareCommand {}
export class ChangeMessageVisibilityCommand extends BareCommand {}
export class GetQueueAttributesCommand extends BareCommand {}
export class SendMessageCommand extends BareCommand {}

const targets = new Map<unknown, string>(
  Object.entries({
    BatchGetItem: BatchGetItemCommand,
    DeleteItem: DeleteItemCommand,
    GetItem: GetItemCommand,
    PutItem: PutItemCommand,
    UpdateItem: UpdateItemCommand,
    GetSecretValue: GetSecretValueCommand,
    ChangeMessageVisibility: ChangeMessageVisibilityCommand,
    GetQueueAttributes: GetQueueAttributesCommand,
    SendMessage: SendMessageCommand,
  }).map(([operation, command]) => [command, operation]),
);

const bareClient = (service: string, target: string, version: string, variable: string) =>
  class {
    async send(command: BareCommand): Promise<unknown> {
      const endpoint = new URL(process.env[variable] ?? '');
      const operation = `${target}.${targets.get(command.constructor)}`;
      const { status, body } = await awsCall({ endpoint, service, version }, operation, command.input);
      if (status === 200) return body;
      throw Object.assign(new Error(body.message), body, { name: body.__type.split('#').at(-1) });
    }
  };
export const DynamoDBClient = bareClient('dynamodb', 'DynamoDB_20120810', '1.0', 'AWS_ENDPOINT_URL_DYNAMODB');
export const SecretsManagerClient = bareClient(
  'secretsmanager',
  'secretsmanager',
  '1.1',
  'AWS_ENDPOINT_URL_SECRETS_MANAGER',
);
export const SQSClient = bareClient('sqs', 'AmazonSQS', '1.0', 'AWS_ENDPOINT_URL_SQS');

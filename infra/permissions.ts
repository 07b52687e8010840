import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { GuestTables } from './guest-tables.ts';

/**
 * The grants of this service, narrower than the library's ready-made ones: those include streams, scans and
 * wildcards such as `kms:ReEncrypt*`.
 */

/** What DynamoDB does with a customer-managed key in a caller's name, spelt out instead of `ReEncrypt*` and `GenerateDataKey*`. */
const keyActions = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
] as const;

/** Reads customer records by their hash; cannot list, query or change them. */
const grantReadCrm = (table: ITableV2, grantee: IGrantable): Grant =>
  table.grant(grantee, 'dynamodb:BatchGetItem');

/** Reads and writes single entries of the registry; cannot list them. */
const grantUseRegistry = (table: ITableV2, grantee: IGrantable): Grant =>
  table.grant(
    grantee,
    'dynamodb:BatchGetItem',
    'dynamodb:GetItem',
    'dynamodb:PutItem',
    'dynamodb:UpdateItem',
    'dynamodb:DeleteItem',
  );

/** Reads the value of one secret. The ARN of a secret that is known by name only ends in six unknown characters. */
export const grantReadSecret = (secret: ISecret, grantee: IGrantable): Grant => {
  secret.encryptionKey?.grant(grantee, 'kms:Decrypt');
  return Grant.addToPrincipal({
    grantee,
    actions: ['secretsmanager:GetSecretValue'],
    resourceArns: [secret.secretFullArn ?? `${secret.secretArn}-??????`],
  });
};

interface Resources {
  readonly tables: GuestTables;
  readonly secret: ISecret;
  readonly key: IKey;
  readonly queue: IQueue;
}

/** What both functions need: customer records, registry, Genesys credentials. */
const grantDomain = ({ tables, secret, key }: Resources, grantee: IGrantable): void => {
  grantReadCrm(tables.crm, grantee);
  tables.crmKey?.grant(grantee, 'kms:Decrypt');
  tables.guestsKey?.grant(grantee, ...keyActions);
  grantUseRegistry(tables.guests, grantee);
  grantReadSecret(secret, grantee);
  key.grant(grantee, ...keyActions);
};

/** The API function: the domain, and sending to the overflow queue. */
export const grantInit = (resources: Resources, grantee: IGrantable): void => {
  grantDomain(resources, grantee);
  resources.queue.grant(grantee, 'sqs:SendMessage', 'sqs:GetQueueAttributes');
};

/** The agent's view: the domain; it neither sends to the queue nor receives. */
export const grantResolve = (resources: Resources, grantee: IGrantable): void => {
  grantDomain(resources, grantee);
};

/** The overflow worker: the domain, and receiving from the overflow queue. */
export const grantDrain = (resources: Resources, grantee: IGrantable): void => {
  grantDomain(resources, grantee);
  resources.queue.grant(
    grantee,
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:ChangeMessageVisibility',
    'sqs:GetQueueAttributes',
  );
};

/** The CRM team: reads, lists and writes customer records, and erases what the registry holds of a visitor. */
export const grantCrmTeam = (
  { tables, key }: Pick<Resources, 'tables' | 'key'>,
  grantee: IGrantable,
): void => {
  tables.crm.grant(
    grantee,
    'dynamodb:BatchGetItem',
    'dynamodb:BatchWriteItem',
    'dynamodb:DeleteItem',
    'dynamodb:DescribeTable',
    'dynamodb:GetItem',
    'dynamodb:PutItem',
    'dynamodb:Scan',
    'dynamodb:UpdateItem',
  );
  tables.guests.grant(grantee, 'dynamodb:BatchGetItem', 'dynamodb:DeleteItem', 'dynamodb:GetItem');
  key.grant(grantee, ...keyActions);
  tables.crmKey?.grant(grantee, ...keyActions);
  tables.guestsKey?.grant(grantee, ...keyActions);
};

/** Who may compute session hashes and erase at Genesys Cloud: reads the secret. */
export const grantCrmSecret = ({ secret }: Pick<Resources, 'secret'>, grantee: IGrantable): void => {
  grantReadSecret(secret, grantee);
};

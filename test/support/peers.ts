import { randomBytes } from 'node:crypto';

/** Services of another make that stand in for the embedded ones, where their URL is set. */
export const foreign = {
  dynamoDb: process.env['TEST_DYNAMODB_URL'] || undefined,
  sqs: process.env['TEST_SQS_URL'] || undefined,
  secretsManager: process.env['TEST_SECRETS_MANAGER_URL'] || undefined,
} as const;

/** A name that no other suite, run or person has at a service that others use, too. */
export const uniqueName = (stem: string): string => `${stem}-${randomBytes(6).toString('hex')}`;

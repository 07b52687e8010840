import type { ServiceCall } from '../../local/call-listener.ts';
import { startDynamoDb } from '../../local/embedded-dynamodb.ts';
import { startGenesysSimulator } from '../../local/genesys-simulator.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { startSqs } from '../../local/sqs.ts';
import { nowMs, type Span } from './run-container.ts';

/** One call that a service received: what, and when it was waited for. */
export interface SeenCall {
  readonly service: ServiceCall['service'];
  readonly operation: string;
  readonly span: Span;
}

export interface Latencies {
  /** Of the tables, the queue and Secrets Manager, in milliseconds. */
  readonly awsMs: number;
  readonly genesysMs: number;
}

export type Provider = 'webchat-v1' | 'web-messaging';

const secretId = 'genesys';
const credentials = { clientId: 'bench', clientSecret: 'bench-secret' };
const externalIdKey = Buffer.alloc(32, 7).toString('base64');

/** The services that a function calls, each as far away as it is told, and everything they were asked. */
export const startWorld = async ({ awsMs, genesysMs }: Latencies = { awsMs: 0, genesysMs: 0 }) => {
  const calls: SeenCall[] = [];
  const seen = ({ service, operation, durationMs }: ServiceCall): void => {
    const endedMs = nowMs();
    // The embedded tables start their clock only after their latency.
    const waitedMs = durationMs + (service === 'dynamodb' ? awsMs : 0);
    calls.push({ service, operation, span: [endedMs - waitedMs, endedMs] });
  };
  const secret = JSON.stringify({ ...credentials, externalIdKey });
  const [dynamoDb, secrets, genesys, sqs] = await Promise.all([
    startDynamoDb({ tables: { crm: 'crm', guests: 'guests' }, latencyMs: awsMs, onCall: seen }),
    startSecretsManager({ secrets: { [secretId]: secret }, onCall: seen }),
    startGenesysSimulator({ credentials, apiPerMinute: null, onCall: seen }),
    startSqs({ queues: { overflow: {} }, onCall: seen }),
  ]);
  const delay = (): void => {
    genesys.control.clearFaults();
    if (genesysMs > 0) genesys.control.addFaults({ latencyMs: genesysMs });
  };
  delay();
  secrets.setFault({ latencyMs: awsMs });
  sqs.setFault({ latencyMs: awsMs });

  return {
    /** The environment of a container. */
    env: (provider: Provider = 'webchat-v1'): Record<string, string> => ({
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
      AWS_ENDPOINT_URL_SQS: sqs.url,
      GENESYS_SECRET_ID: secretId,
      CRM_TABLE_NAME: 'crm',
      GUEST_TABLE_NAME: 'guests',
      ALLOWED_ORIGINS: '*',
      GENESYS_BASE_URL: genesys.url,
      GENESYS_LOGIN_URL: genesys.url,
      GUEST_PROVIDER: provider,
      ...(provider === 'web-messaging'
        ? { WEB_MESSAGING_DEPLOYMENT_ID: '8f3a2b1c-4d5e-4f7a-8b9c-0d1e2f3a4b5c', EXTERNAL_SOURCE_ID: 'crm' }
        : {}),
    }),
    overflowQueueUrl: sqs.queueUrl('overflow'),
    /** Everything received so far. */
    calls: calls as readonly SeenCall[],
    forgetCalls: (): void => {
      calls.length = 0;
      genesys.control.clearCalls();
    },
    /** Genesys limits guest creation from now on, for longer than any visitor waits. */
    limitGuests: (): void => {
      genesys.control.clearFaults();
      genesys.control.addFaults({
        endpoint: 'guest',
        latencyMs: genesysMs,
        kind: 'limited',
        seconds: 120,
      });
      if (genesysMs > 0) genesys.control.addFaults({ latencyMs: genesysMs });
    },
    unlimit: delay,
    close: async (): Promise<void> => {
      await Promise.all([dynamoDb.close(), secrets.close(), genesys.close(), sqs.close()]);
    },
  };
};
export type World = Awaited<ReturnType<typeof startWorld>>;

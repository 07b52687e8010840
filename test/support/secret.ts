import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { AwsFault } from '../../local/aws-json.ts';
import { localCredentials, localRegion } from '../../local/embedded-dynamodb.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { startDynamoDbProxy, type Treatment } from './dynamodb-proxy.ts';
import { foreign, uniqueName } from './peers.ts';

/** A Secrets Manager with one secret, embedded or foreign. */
export interface TestSecret {
  readonly url: string;
  readonly id: string;
  /** Stores a new version, as a rotation would. */
  put(text: string): Promise<void>;
  /** How often the secret was asked for, failed calls included. */
  readonly reads: number;
  /** Misbehaves from now on; `{}` behaves again. */
  setFault(fault: AwsFault): void;
  close(): Promise<void>;
}

const treatmentOf = ({ latencyMs = 0, failure }: AwsFault): Treatment => {
  if (failure === 'hang') return 'hang';
  if (failure === 'reset') return 'break';
  return failure === undefined ? { delayMs: latencyMs } : { status: failure };
};

const embeddedSecret = async (id: string, text: string): Promise<TestSecret> => {
  const service = await startSecretsManager({ secrets: { [id]: text } });
  return {
    url: service.url,
    id,
    put: async (value) => service.put(id, value),
    get reads() {
      return service.reads;
    },
    setFault: service.setFault,
    close: service.close,
  };
};

/** A proxy in front of the foreign service counts and spoils the calls; what tests store goes past it. */
const borrowedSecret = async (endpoint: string, id: string, text: string): Promise<TestSecret> => {
  const client = new SecretsManagerClient({ endpoint, region: localRegion, credentials: localCredentials });
  await client.send(new CreateSecretCommand({ Name: id, SecretString: text }));
  const proxy = await startDynamoDbProxy(endpoint);
  return {
    url: proxy.url,
    id,
    put: async (SecretString) => {
      // A read that was counted has read what was there before.
      await proxy.answered();
      await client.send(new PutSecretValueCommand({ SecretId: id, SecretString }));
    },
    get reads() {
      return proxy.calls.filter(({ operation }) => operation === 'GetSecretValue').length;
    },
    setFault: (fault) => proxy.treat(() => treatmentOf(fault)),
    close: async () => {
      await proxy.close();
      await client.send(new DeleteSecretCommand({ SecretId: id, ForceDeleteWithoutRecovery: true }));
      client.destroy();
    },
  };
};

export const startTestSecret = async (text: string): Promise<TestSecret> => {
  const id = uniqueName('genesys');
  return foreign.secretsManager === undefined
    ? await embeddedSecret(id, text)
    : await borrowedSecret(foreign.secretsManager, id, text);
};

import { randomUUID } from 'node:crypto';
import { AwsError, type AwsFault, awsJsonService } from './aws-json.ts';
import type { CallListener } from './call-listener.ts';
import { listen, type RunningServer } from './http-server.ts';

export interface SecretsManagerOptions {
  readonly port?: number;
  /** Secret id → secret string. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly onCall?: CallListener;
}

export interface SecretsManager extends RunningServer {
  /** Stores a new version, as a rotation would. */
  put(id: string, value: string): void;
  /** How often GetSecretValue was called, failed calls included. */
  readonly reads: number;
  /** Misbehaves from now on; `{}` behaves again. */
  setFault(fault: AwsFault): void;
}

interface Version {
  readonly value: string;
  readonly versionId: string;
  readonly createdAtSeconds: number;
}

const version = (value: string): Version => ({
  value,
  versionId: randomUUID(),
  createdAtSeconds: Date.now() / 1000,
});

const arn = (id: string): string =>
  id.startsWith('arn:') ? id : `arn:aws:secretsmanager:us-east-1:000000000000:secret:${id}-AbCdEf`;

/** Secrets Manager for one machine: what the real SDK client needs to read and write a secret string. */
export const startSecretsManager = async ({
  port,
  secrets,
  onCall,
}: SecretsManagerOptions): Promise<SecretsManager> => {
  const versions = new Map(Object.entries(secrets).map(([id, value]) => [id, version(value)]));
  let reads = 0;
  let fault: AwsFault = {};

  const find = (id: unknown): { readonly id: string; readonly current: Version } => {
    for (const [name, current] of versions) if (id === name || id === arn(name)) return { id: name, current };
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  };
  const described = (id: string, { versionId }: Version) => ({
    ARN: arn(id),
    Name: id,
    VersionId: versionId,
    VersionStages: ['AWSCURRENT'],
  });

  const running = await listen(
    awsJsonService({
      service: 'secrets',
      version: '1.1',
      fault: (operation) => {
        if (operation === 'GetSecretValue') reads += 1;
        return fault;
      },
      onCall,
      operations: {
        GetSecretValue: ({ SecretId }) => {
          const { id, current } = find(SecretId);
          return {
            ...described(id, current),
            SecretString: current.value,
            CreatedDate: current.createdAtSeconds,
          };
        },
        PutSecretValue: ({ SecretId, SecretString }) => {
          const { id } = find(SecretId);
          if (typeof SecretString !== 'string') {
            throw new AwsError('InvalidParameterException', 'Only SecretString is embedded.');
          }
          const current = version(SecretString);
          versions.set(id, current);
          return described(id, current);
        },
        DescribeSecret: ({ SecretId }) => {
          const { id, current } = find(SecretId);
          return {
            ARN: arn(id),
            Name: id,
            VersionIdsToStages: { [current.versionId]: ['AWSCURRENT'] },
            LastChangedDate: current.createdAtSeconds,
          };
        },
      },
    }),
    port,
  );
  return {
    ...running,
    put: (id, value) => void versions.set(id, version(value)),
    get reads() {
      return reads;
    },
    setFault: (next) => {
      fault = next;
    },
  };
};

import type { AwsAccess } from '../../infra/stack-outputs.ts';

/** Everything that `aws dynamodb import-table` needs to know. */
export const importRequest = (table: string, bucket: string, prefix: string) => ({
  S3BucketSource: { S3Bucket: bucket, S3KeyPrefix: `${prefix}/part-` },
  InputFormat: 'DYNAMODB_JSON',
  InputCompressionType: 'GZIP',
  TableCreationParameters: {
    TableName: table,
    AttributeDefinitions: [{ AttributeName: 'sessionHash', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'sessionHash', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    SSESpecification: { Enabled: true, SSEType: 'KMS' },
  },
});

/** Commands that belong together. */
export interface Step {
  readonly what: string;
  readonly lines: readonly string[];
}

/** A word for a POSIX shell. */
const quoted = (text: string): string =>
  /^[\w./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** The steps from shards to a table in use, as commands of a POSIX shell. */
export const importSteps = (
  { region, profile }: AwsAccess,
  folder: string,
  requestFile: string,
  location: string,
  table: string,
): readonly Step[] => {
  const where = [
    ...(region === undefined ? [] : ['--region', region]),
    ...(profile === undefined ? [] : ['--profile', profile]),
  ];
  const line = (...words: string[]) => [...words, ...where].map(quoted).join(' ');
  const describe = (query: string) =>
    `${line('aws', 'dynamodb', 'describe-import')} --import-arn "$arn" --output text --query ${quoted(query)}`;
  const ttl = 'Enabled=true,AttributeName=expiresAt';
  return [
    {
      what: 'Upload the shards, and start the import.',
      lines: [
        line(
          'aws',
          's3',
          'cp',
          folder,
          location,
          '--recursive',
          '--exclude',
          '*',
          '--include',
          'part-*.json.gz',
        ),
        `arn=$(${line('aws', 'dynamodb', 'import-table', '--cli-input-json', `file://${requestFile}`)} --output text --query ImportTableDescription.ImportArn)`,
      ],
    },
    {
      what: 'Wait until it has ended, however long that takes; it should say COMPLETED, and 0 errors.',
      lines: [
        `while [ "$(${describe('ImportTableDescription.ImportStatus')})" = IN_PROGRESS ]; do sleep 30; done`,
        describe('ImportTableDescription.[ImportStatus,ImportedItemCount,ErrorCount]'),
      ],
    },
    {
      what: 'Let records expire.',
      lines: [
        line(
          'aws',
          'dynamodb',
          'update-time-to-live',
          '--table-name',
          table,
          '--time-to-live-specification',
          ttl,
        ),
      ],
    },
    {
      what: "Clean up once the new table is in use: the shards hold customers' data, here and in the bucket.",
      lines: [line('aws', 's3', 'rm', location, '--recursive'), `rm -r ${quoted(folder)}`],
    },
  ];
};

import { type AttributeValue, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';

type Item = Record<string, AttributeValue>;

export interface ScanOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Names of the attributes that are read. */
  readonly attributes: readonly string[];
  readonly segments?: number;
  /** Stops after about so many items. */
  readonly limit?: number;
  onPage(items: readonly Item[]): void;
}

/**
 * Reads a whole table, several parts of it at once.
 * @returns whether everything was read
 */
export const scanTable = async (options: ScanOptions): Promise<boolean> => {
  const { client, tableName, attributes, segments = 8, limit = Number.POSITIVE_INFINITY, onPage } = options;
  const names = Object.fromEntries(attributes.map((name, index) => [`#a${index}`, name]));
  let seen = 0;
  const scanSegment = async (segment: number): Promise<boolean> => {
    const pages = paginateScan(
      { client },
      {
        TableName: tableName,
        Segment: segment,
        TotalSegments: segments,
        ProjectionExpression: Object.keys(names).join(', '),
        ExpressionAttributeNames: names,
      },
    );
    for await (const { Items = [] } of pages) {
      if (seen >= limit) return false;
      const taken = Items.slice(0, limit - seen);
      seen += taken.length;
      onPage(taken);
      if (taken.length < Items.length) return false;
    }
    return true;
  };
  const complete = await Promise.all(Array.from({ length: segments }, (_, segment) => scanSegment(segment)));
  return complete.every(Boolean);
};

import { type AttributeValue, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';

/** Parts of the table that are read at once. */
const segments = 8;

type Item = Record<string, AttributeValue>;

export interface ScanOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Names of the attributes that are read; absent: all of them. */
  readonly attributes?: readonly string[];
  /** Stops after about this number of items. */
  readonly limit?: number;
  readonly consistent?: boolean;
  /** Takes a page; the next one of its part waits for it. `false` stops the whole scan. */
  onPage(items: readonly Item[]): unknown;
}

const projection = (attributes: readonly string[] | undefined) =>
  attributes && {
    ProjectionExpression: attributes.map((_, index) => `#a${index}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, index) => [`#a${index}`, name])),
  };

/**
 * Reads a whole table, several parts of it at once.
 * @returns whether everything was read
 */
export const scanTable = async (options: ScanOptions): Promise<boolean> => {
  const { client, tableName, attributes, limit = Number.POSITIVE_INFINITY } = options;
  let seen = 0;
  let stopped = false;
  const scanSegment = async (segment: number): Promise<boolean> => {
    const pages = paginateScan(
      { client },
      {
        TableName: tableName,
        Segment: segment,
        TotalSegments: segments,
        ConsistentRead: options.consistent ?? false,
        ...projection(attributes),
      },
    );
    for await (const { Items = [] } of pages) {
      if (stopped || seen >= limit) return false;
      const taken = Items.slice(0, limit - seen);
      seen += taken.length;
      if ((await options.onPage(taken)) === false) stopped = true;
      if (stopped || taken.length < Items.length) return false;
    }
    return true;
  };
  const complete = await Promise.all(Array.from({ length: segments }, (_, segment) => scanSegment(segment)));
  return complete.every(Boolean);
};

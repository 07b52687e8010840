import type { Chance } from '../kernel/chance.ts';
import { holds, type Item, type Names, update } from './expressions.ts';

/** A write that took effect, as the auditor sees it. */
export interface TableWrite {
  readonly table: string;
  readonly key: string;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  readonly by: string;
}

export interface TableCall {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Who calls. */
  readonly by: string;
  /** Whether a read that need not be consistent gets an item as it was before its last change. */
  readonly stale: boolean;
  /** Whether a batch leaves its last table unprocessed. */
  readonly unprocessed: boolean;
}

export type TableResult =
  | { readonly ok: true; readonly output: object }
  | { readonly ok: false; readonly error: string; readonly extra?: object };

interface Slot {
  item: Item | undefined;
  previous: Item | undefined;
  changedAtMs: number;
}

interface Input extends Names {
  readonly TableName: string;
  readonly Key: Item;
  readonly Item: Item;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ConsistentRead?: boolean;
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
}

/** A replica is behind by less than this. */
const longestStaleMs = 1000;
/** DynamoDB removes expired items within days, not at their end. */
const longestTtlLagMs = 48 * 3_600_000;

const inputOf = (input: Readonly<Record<string, unknown>>): Input => ({
  ...(input as unknown as Input),
  names: (input['ExpressionAttributeNames'] ?? {}) as Names['names'],
  values: (input['ExpressionAttributeValues'] ?? {}) as Names['values'],
});

const keyOf = (item: Item): string => {
  const key = item['sessionHash']?.['S'];
  if (typeof key !== 'string') throw new TypeError('an item without sessionHash');
  return key;
};

/** Tables with the partition key `sessionHash`: atomic, conditional writes; eventual reads; a TTL that lags. */
export const createDynamoDb = (now: () => number, chance: Chance, onWrite: (write: TableWrite) => void) => {
  const tables = new Map<string, Map<string, Slot>>();

  const slotOf = (table: string, key: string): Slot => {
    const slots = tables.get(table) ?? new Map<string, Slot>();
    tables.set(table, slots);
    const slot = slots.get(key) ?? { item: undefined, previous: undefined, changedAtMs: 0 };
    slots.set(key, slot);
    const endMs = Number(slot.item?.['expiresAt']?.['N'] ?? Infinity) * 1000;
    // A reference, and so its key, is another one in each run.
    const name = key.startsWith('reference#') ? 'reference' : key;
    if (endMs + chance.of(`ttl ${table} ${name}`) * longestTtlLagMs < now()) slot.item = undefined;
    return slot;
  };

  const write = (table: string, key: string, item: Item | undefined, by: string): Item | undefined => {
    const slot = slotOf(table, key);
    const before = slot.item;
    slot.previous = before;
    slot.item = item;
    slot.changedAtMs = now();
    onWrite({ table, key, before, after: item, by });
    return before;
  };

  const read = (table: string, key: string, consistent: boolean, stale: boolean): Item | undefined => {
    const slot = slotOf(table, key);
    const behind = stale && !consistent && now() - slot.changedAtMs < longestStaleMs;
    return behind ? slot.previous : slot.item;
  };

  const conditional = (
    { operation, by }: TableCall,
    input: Input,
    change: (item: Item | undefined) => Item | undefined,
  ): TableResult => {
    const table = input.TableName;
    const key = keyOf(operation === 'PutItem' ? input.Item : input.Key);
    const { item } = slotOf(table, key);
    if (input.ConditionExpression !== undefined && !holds(input.ConditionExpression, item, input)) {
      const shows = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && item !== undefined;
      return {
        ok: false,
        error: 'ConditionalCheckFailedException',
        ...(shows ? { extra: { Item: item } } : {}),
      };
    }
    const before = write(table, key, change(item), by);
    return {
      ok: true,
      output: input.ReturnValues === 'ALL_OLD' && before !== undefined ? { Attributes: before } : {},
    };
  };

  const batch = (call: TableCall): TableResult => {
    const requests = Object.entries(
      call.input['RequestItems'] as Record<string, { Keys: Item[]; ConsistentRead?: boolean }>,
    );
    const left = call.unprocessed ? requests.pop() : undefined;
    const Responses = Object.fromEntries(
      requests.map(([table, { Keys, ConsistentRead = false }]) => [
        table,
        Keys.flatMap((key) => read(table, keyOf(key), ConsistentRead, call.stale) ?? []),
      ]),
    );
    return {
      ok: true,
      output: { Responses, UnprocessedKeys: left === undefined ? {} : { [left[0]]: left[1] } },
    };
  };

  return {
    /** One call, at the moment at which it takes effect. */
    call: (call: TableCall): TableResult => {
      const input = inputOf(call.input);
      switch (call.operation) {
        case 'GetItem': {
          const item = read(input.TableName, keyOf(input.Key), input.ConsistentRead === true, call.stale);
          return { ok: true, output: item === undefined ? {} : { Item: item } };
        }
        case 'BatchGetItem':
          return batch(call);
        case 'PutItem':
          return conditional(call, input, () => input.Item);
        case 'DeleteItem':
          return conditional(call, input, () => undefined);
        case 'UpdateItem':
          return conditional(call, input, (before) => {
            const item = { ...(before ?? input.Key) };
            update(input.UpdateExpression ?? '', item, input);
            return item;
          });
        default:
          throw new TypeError(`the model knows no ${call.operation}`);
      }
    },
    /** What a team's tool does, at once. */
    put: (table: string, item: Item, by: string) => write(table, keyOf(item), item, by),
    remove: (table: string, key: string, by: string) => write(table, key, undefined, by),
    get: (table: string, key: string) => slotOf(table, key).item,
    items: (table: string): [string, Item][] =>
      [...(tables.get(table)?.entries() ?? [])].flatMap(([key, { item }]) =>
        item === undefined ? [] : [[key, item]],
      ),
  };
};
export type DynamoDb = ReturnType<typeof createDynamoDb>;

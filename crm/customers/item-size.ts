import type { CrmRecord } from '../../lambda/guest/crm-record.ts';

const maxItemBytes = 400 * 1024;

const valueBytes = (value: unknown): number => {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).replace(/\D/g, '').length / 2) + 2;
  return 1;
};

const sizeOf = (values: Readonly<Record<string, unknown>>, perEntry: number): number =>
  Object.entries(values).reduce(
    (sum, [name, value]) =>
      value === undefined ? sum : sum + Buffer.byteLength(name) + perEntry + valueBytes(value),
    0,
  );

/**
 * Whether DynamoDB would refuse the item for its size: names and values in UTF-8, numbers two digits a byte, a map
 * 3 bytes and 1 for each entry ("DynamoDB item sizes and formats" in its developer guide). Counted only where the
 * limit could be near.
 */
export const isTooLarge = (record: CrmRecord, sessionHash: string): boolean => {
  let chars = 0;
  const { attributes, firstName = '', tier = '', crmId = '' } = record;
  for (const name in attributes) {
    const value = attributes[name];
    chars += name.length + (typeof value === 'string' ? value.length : 21);
  }
  chars += firstName.length + tier.length + crmId.length;
  return chars >= maxItemBytes / 4 && itemBytes(record, sessionHash) > maxItemBytes;
};

const itemBytes = ({ attributes, ...fields }: CrmRecord, sessionHash: string): number =>
  sizeOf({ sessionHash, ...fields }, 0) +
  (attributes === undefined ? 0 : 'attributes'.length + 3 + sizeOf(attributes, 1));

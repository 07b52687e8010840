import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CrmTables, startCrmTables } from './support/crm-tables.ts';
import { type StoreProxy, startStoreProxy, type Trouble } from './support/store-proxy.ts';
import { temporaryFolder, tool } from './support/tool.ts';

/*
 * The tool against a model that shares no code with it: a map of what must be in the table. Files, options, faults of
 * the store, ends in the middle, erasures and visitors who register are all drawn at random; after each step, both
 * tables must hold exactly what the model says.
 */

const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Row {
  readonly id: string;
  readonly email: string | undefined;
  readonly tier: readonly [text: string, value: string | undefined];
  readonly x: readonly [text: string, value: string | number | boolean | undefined];
  readonly crmId: string | undefined;
  readonly day: number;
}

type Form = 'comma' | 'semicolon' | 'jsonl';
type Faults = 'none' | 'bumpy' | 'broken off';

type Step =
  | {
      kind: 'import';
      rows: Row[];
      form: Form;
      gzip: boolean;
      mode: 'all' | 'newer' | 'replace';
      faults: Faults;
    }
  | { kind: 'erase'; ids: string[]; crmIds: string[]; faults: Faults }
  | { kind: 'visit'; id: string };

interface Model {
  readonly records: Map<string, Record<string, unknown>>;
  readonly registry: Set<string>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ids = Array.from({ length: 60 }, (_, index) => `session ${index}`);
const crmIds = ['C-1', 'C-2', 'ACME', 'ACME, Inc', 'EU|DE|1'];
const dateOf = (day: number): string => `2026-05-0${day}T00:00:00Z`;

const rowArbitrary: fc.Arbitrary<Row> = fc.record({
  id: fc.constantFrom(...ids),
  email: fc.oneof(
    { weight: 40, arbitrary: fc.constant('a@example.com') },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  tier: fc.constantFrom<Row['tier'][]>(
    ['', undefined],
    ['Gold', 'Gold'],
    ['a,b;c', 'a,b;c'],
    ['q"uote', 'q"uote'],
    ['two\nlines', 'two\nlines'],
    ['=1+1', '=1+1'],
    ['Zoë 👋', 'Zoë 👋'],
  ) as fc.Arbitrary<Row['tier']>,
  x: fc.constantFrom<Row['x'][]>(
    ['', undefined],
    ['1', 1],
    ['-2.5', -2.5],
    ['1.10', '1.10'],
    ['007', '007'],
    ['true', true],
    ['text', 'text'],
  ) as fc.Arbitrary<Row['x']>,
  crmId: fc.option(fc.constantFrom(...crmIds), { nil: undefined }),
  day: fc.integer({ min: 1, max: 4 }),
});

const faultsArbitrary = fc.constantFrom<Faults[]>('none', 'bumpy', 'broken off') as fc.Arbitrary<Faults>;

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('import' as const),
      rows: fc.array(rowArbitrary, { minLength: 1, maxLength: 120 }),
      form: fc.constantFrom<Form[]>('comma', 'semicolon', 'jsonl') as fc.Arbitrary<Form>,
      gzip: fc.boolean(),
      mode: fc.constantFrom('all' as const, 'newer' as const, 'replace' as const),
      faults: faultsArbitrary,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('erase' as const),
      ids: fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 4 }),
      crmIds: fc.uniqueArray(fc.constantFrom(...crmIds), { maxLength: 2 }),
      faults: faultsArbitrary,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('visit' as const), id: fc.constantFrom(...ids) }) },
);

const quoted = (text: string): string => (/[",;\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const fileOf = (rows: readonly Row[], form: Form, gzip: boolean): string => {
  let text: string;
  if (form === 'jsonl') {
    const lines = rows.map(({ id, email, tier, x, crmId, day }) =>
      JSON.stringify({
        sessionId: id,
        email: email ?? 'broken',
        tier: tier[1],
        x: x[1],
        crmId,
        updatedAt: dateOf(day),
      }),
    );
    text = `${lines.join('\n')}\n`;
  } else {
    const separator = form === 'comma' ? ',' : ';';
    const lines = rows.map(({ id, email, tier, x, crmId, day }) =>
      [id, email ?? 'broken', tier[0], x[0], crmId ?? '', dateOf(day)].map(quoted).join(separator),
    );
    text = `${['sessionId', 'email', 'tier', 'x', 'crmId', 'updatedAt'].join(separator)}\n${lines.join('\n')}\n`;
  }
  return folder.file(gzip ? gzipSync(text) : text, form === 'jsonl' ? 'jsonl' : 'csv');
};

const recordOf = ({ email, tier, x, crmId, day }: Row): Record<string, unknown> => ({
  email,
  updatedAt: dateOf(day),
  ...(tier[1] !== undefined && { tier: tier[1] }),
  ...(x[1] !== undefined && { attributes: { x: x[1] } }),
  ...(crmId !== undefined && { crmId }),
});

/** What an import must leave, by the words of the manual alone. */
const importIntoModel = (
  { records }: Model,
  rows: readonly Row[],
  mode: 'all' | 'newer' | 'replace',
): void => {
  const good = rows.filter(({ email }) => email !== undefined);
  for (const row of good) {
    const before = records.get(sha256(row.id));
    if (mode === 'newer' && before !== undefined && String(before['updatedAt']) > dateOf(row.day)) continue;
    records.set(sha256(row.id), recordOf(row));
  }
  if (mode !== 'replace' || good.length < rows.length) return;
  const present = new Set(good.map(({ id }) => sha256(id)));
  for (const hash of [...records.keys()]) if (!present.has(hash)) records.delete(hash);
};

const eraseFromModel = ({ records, registry }: Model, step: Step & { kind: 'erase' }): void => {
  const hashes = new Set(step.ids.map(sha256));
  for (const [hash, record] of records) if (step.crmIds.includes(String(record['crmId']))) hashes.add(hash);
  for (const hash of hashes) {
    records.delete(hash);
    registry.delete(hash);
  }
};

/** Faults by the number of the call: refusals that pass, or one that ends the command in the middle. */
const troubleOf = (faults: Faults): ((operation: string, call: number) => Trouble) => {
  if (faults === 'none') return () => undefined;
  if (faults === 'bumpy')
    return (operation, call) => {
      if (call % 3 === 1) return 'throttle';
      return call % 3 === 2 && operation === 'BatchWriteItem' ? 'leave-half' : undefined;
    };
  let writes = 0;
  return (operation) => {
    if (!/Put|Write|Delete/.test(operation)) return undefined;
    writes += 1;
    return writes > 2 ? 'deny' : undefined;
  };
};

const run = async (step: Step, model: Model, tables: CrmTables, journal: string): Promise<void> => {
  if (step.kind === 'visit') {
    const hash = sha256(step.id);
    await tables.put(tables.guestTableName, {
      sessionHash: { S: hash },
      version: { S: 'v' },
      guestId: { S: 'g' },
    });
    model.registry.add(hash);
    return;
  }
  const proxy: StoreProxy = await startStoreProxy(tables.url, { trouble: troubleOf(step.faults) });
  const where = [
    '--table',
    tables.crmTableName,
    '--guest-table',
    tables.guestTableName,
    '--endpoint',
    proxy.url,
    '--yes',
  ];
  /** Runs to the end; what was broken off is gone on with. */
  const finish = async (args: readonly string[], again: readonly string[]): Promise<void> => {
    const { code } = await tool(args);
    if (step.faults === 'broken off' && code === 2) {
      proxy.heal();
      expect((await tool([...args, ...again])).code).not.toBe(2);
    } else {
      expect(code).not.toBe(2);
    }
  };
  try {
    if (step.kind === 'import') {
      const { rows, form, gzip, mode } = step;
      const options = { all: [], newer: ['--if-newer'], replace: ['--replace-all'] }[mode];
      await finish(['import', fileOf(rows, form, gzip), ...where, ...options], ['--resume']);
      importIntoModel(model, rows, mode);
    } else if (step.ids.length + step.crmIds.length > 0) {
      const names = [...step.ids.map((id) => `${id},`), ...step.crmIds.map((crmId) => `,${quoted(crmId)}`)];
      const list = folder.file(`sessionId,crmId\n${names.join('\n')}\n`);
      const options = ['--settle-seconds', '0', '--journal', journal, '--file', list];
      await finish(['erase', ...where, ...options], []);
      eraseFromModel(model, step);
    }
  } finally {
    await proxy.close();
  }
};

const everyHash = async ({ client }: CrmTables, TableName: string): Promise<string[]> => {
  const hashes: string[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName })) {
    hashes.push(...Items.map((item) => String(unmarshall(item)['sessionHash'])));
  }
  return hashes.sort();
};

const sortedEntries = (records: ReadonlyMap<string, unknown>) =>
  [...records].sort(([a], [b]) => (a < b ? -1 : 1));

it('whatever is imported, erased, broken off and gone on with: the tables hold what the model says', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 1, maxLength: 6 }), async (steps) => {
      const tables = await startCrmTables();
      const model: Model = { records: new Map(), registry: new Set() };
      runs += 1;
      const journal = join(folder.path, `journal-${runs}`);
      try {
        for (const step of steps) {
          await run(step, model, tables, journal);
          expect(sortedEntries(await tables.all())).toEqual(sortedEntries(model.records));
          expect(await everyHash(tables, tables.guestTableName)).toEqual([...model.registry].sort());
        }
      } finally {
        await tables.close();
      }
    }),
    { numRuns: Number(process.env['MODEL_RUNS'] ?? 12), endOnFailure: true },
  );
}, 600_000);

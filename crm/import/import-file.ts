import type { SessionHashKey } from '../../lambda/guest/session-hash.ts';
import type { Customer, CustomerRules } from '../customers/customer.ts';
import { type FileReport, readFile } from '../reading/read-file.ts';
import { dynamoDbFor, type Target } from '../store/target.ts';
import { note, type Terminal } from '../terminal/terminal.ts';
import { Batches } from './batches.ts';
import { type Changes, compareBatch, newChanges, readBatchSize } from './changes.ts';
import { Checkpoint } from './checkpoint.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import type { ImportOptions } from './import-options.ts';
import { Patience } from './patience.ts';
import { putBatch, putIfNewer, type Store, writeBatchSize } from './sinks.ts';

export interface ImportSettings {
  readonly target: Target;
  readonly hashKeys: readonly SessionHashKey[];
  readonly options: ImportOptions;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

export interface ImportOutcome {
  readonly report: FileReport;
  /** With --dry-run. */
  readonly changes: Changes | undefined;
  /** Rows that were not written because the table's record is newer. */
  readonly kept: number;
  /** Accepted rows that an interrupted import had written before. */
  readonly alreadyDone: number;
  readonly checkpoint: Checkpoint | undefined;
}

/** Rules of a target: its keys, and the time that the import began. */
export const rulesFor = (
  { hashKeys, options, target }: ImportSettings,
  startedAtMs: number,
): CustomerRules => ({
  hashKeys,
  knownKeys: target.secretId !== undefined,
  requireUpdatedAt: options.ifNewer ?? false,
  defaultExpiresAt: options.ttl === undefined ? undefined : Math.floor(startedAtMs / 1000) + options.ttl,
});

/** Everything that decides what is written where. */
const jobOf = ({ target, hashKeys, options }: ImportSettings): unknown => ({
  table: target.crmTableName,
  environment: target.environment,
  aws: [target.aws.region, target.aws.profile, target.aws.endpoints.dynamodb],
  keys: hashKeys.map(({ id }) => id),
  map: [...(options.map ?? [])],
  ignore: [...(options.ignore ?? [])],
  type: [...(options.type ?? [])],
  ttl: options.ttl,
  ifNewer: options.ifNewer ?? false,
  format: [options.delimiter, options.encoding, options.format],
});

const openCheckpoint = async (file: string, settings: ImportSettings): Promise<Checkpoint | undefined> => {
  const { options, nowMs, terminal } = settings;
  if (options.dryRun || file === '-') return undefined;
  const checkpoint = await Checkpoint.open(file, jobOf(settings), options.resume ?? false, nowMs);
  if (checkpoint.line > 0) note(terminal, `${file}: going on behind line ${checkpoint.line}.`);
  else if (options.resume) note(terminal, `${file}: nothing to resume, importing from the beginning.`);
  return checkpoint;
};

/**
 * Imports one file, or compares it with the table (`--dry-run`). Every row is read and checked again when an
 * import is resumed, so that its report is whole; rows that are in the table are not written twice.
 */
export const importFile = async (file: string, settings: ImportSettings): Promise<ImportOutcome> => {
  const { target, options, terminal, signal } = settings;
  const startedAt = performance.now();
  const checkpoint = await openCheckpoint(file, settings);
  const limit = new ConcurrencyLimit(options.concurrency);
  const client = dynamoDbFor(target, { maxAttempts: 1, maxSockets: options.concurrency });
  const store: Store = { client, tableName: target.crmTableName, patience: new Patience(limit) };
  const changes = options.dryRun ? newChanges() : undefined;
  let kept = 0;
  let alreadyDone = 0;
  const onKept = () => {
    kept += 1;
  };
  const batches = new Batches({
    size: changes === undefined ? writeBatchSize : readBatchSize,
    limit,
    lastWins: !options.ifNewer,
    send: sender(store, changes, options, onKept),
    onDone: (line) => checkpoint?.advance(line),
  });
  const accept = async (customers: readonly Customer[]): Promise<void> => {
    for (const customer of customers) {
      if (checkpoint !== undefined && customer.line <= checkpoint.startLine) alreadyDone += 1;
      else await batches.add(customer);
    }
  };
  try {
    const rules = rulesFor(settings, checkpoint?.startedAtMs ?? settings.nowMs);
    const label = changes === undefined ? 'Importing' : 'Comparing';
    const report = await readFile({ file, options, rules, terminal, signal, label, accept });
    await batches.end();
    if (!report.interrupted) await checkpoint?.finish();
    const durationMs = performance.now() - startedAt;
    return { report: { ...report, durationMs }, changes, kept, alreadyDone, checkpoint };
  } finally {
    await batches.settle();
    await checkpoint?.save();
    client.destroy();
  }
};

const sender = (
  store: Store,
  changes: Changes | undefined,
  { ifNewer }: ImportOptions,
  onKept: () => void,
) => {
  if (changes !== undefined) return compareBatch(store, changes, ifNewer ? onKept : undefined);
  return ifNewer ? putIfNewer(store, onKept) : putBatch(store);
};

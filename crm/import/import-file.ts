import type { SessionHashKey } from '../../lambda/guest/session-hash.ts';
import type { Customer, CustomerRules } from '../customers/customer.ts';
import { timeOf } from '../customers/updated-at.ts';
import type { OpenedFile } from '../reading/open-file.ts';
import { type FileReport, readFile } from '../reading/read-file.ts';
import { findRepeatedLines, Winners } from '../reading/superseded.ts';
import { dynamoDbFor, type Target } from '../store/target.ts';
import { note, type Terminal } from '../terminal/terminal.ts';
import { Batches } from './batches.ts';
import { type Changes, compareBatch, newChanges, readBatchSize } from './changes.ts';
import { Checkpoint } from './checkpoint.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import type { ImportOptions } from './import-options.ts';
import { Patience } from './patience.ts';
import { type OnRefused, putBatch, type Store, writeBatchSize } from './put-batch.ts';
import { putIfNewer } from './put-if-newer.ts';

export interface ImportSettings {
  readonly target: Target;
  readonly hashKeys: readonly SessionHashKey[];
  readonly options: ImportOptions;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly nowMs: number;
  /** Told of every accepted row, written or not. */
  readonly onAccepted?: (customer: Customer) => void;
}

export interface ImportOutcome {
  readonly report: FileReport;
  /** With --dry-run. */
  readonly changes: Changes | undefined;
  /** Rows that were not written because the table's record is newer. */
  readonly kept: number;
  /** Accepted rows that an interrupted import had written before. */
  readonly alreadyDone: number;
  /** Lines of rows that DynamoDB itself refused. */
  readonly refusedLines: readonly number[];
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
  withOlderHashes: (options.ifNewer ?? options.replaceAll ?? false) && hashKeys.length > 1,
  nowSeconds: Math.floor(startedAtMs / 1000),
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
  attributes: [...(options.attributes ?? [])],
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

const sender = (
  store: Store,
  changes: Changes | undefined,
  { ifNewer }: ImportOptions,
  onKept: () => void,
  onRefused: OnRefused,
) => {
  if (changes !== undefined) return compareBatch(store, changes, ifNewer ? onKept : undefined);
  return ifNewer ? putIfNewer(store, onKept, onRefused) : putBatch(store, onRefused);
};

const isNewer = (a: Customer, b: Customer): boolean =>
  timeOf(a.record.updatedAt ?? '') > timeOf(b.record.updatedAt ?? '');

/** For a dry run: what of repeated visitors would be left at the end. The standard input cannot be read twice. */
const winnersOf = async (file: string, rules: CustomerRules, settings: ImportSettings) => {
  const { options, terminal, signal } = settings;
  if (!options.dryRun || file === '-') return undefined;
  const lines = await findRepeatedLines(file, options, rules, terminal, signal);
  return new Winners(lines, options.ifNewer ? isNewer : undefined);
};

/** Rows that the table refused count as rejected, not as accepted. */
const withRefused = (report: FileReport, refused: number): FileReport => ({
  ...report,
  accepted: report.accepted - refused,
  rejected: report.rejected + refused,
});

/**
 * Imports one file, or compares it with the table (`--dry-run`). Every row is read and checked again when an
 * import is resumed, so that its report is whole; rows that are in the table are not written twice.
 */
export const importFile = async (opened: OpenedFile, settings: ImportSettings): Promise<ImportOutcome> => {
  const { target, options, terminal, signal, onAccepted } = settings;
  const { file } = opened;
  const startedAt = performance.now();
  const checkpoint = await openCheckpoint(file, settings);
  const rules = rulesFor(settings, checkpoint?.startedAtMs ?? settings.nowMs);
  const winners = await winnersOf(file, rules, settings);
  const limit = new ConcurrencyLimit(options.concurrency);
  const patienceMs = options.patience * 1000;
  const client = dynamoDbFor(target, {
    maxAttempts: 1,
    maxSockets: options.concurrency,
    requestTimeoutMs: Math.min(20_000, patienceMs),
  });
  const store: Store = { client, tableName: target.crmTableName, patience: new Patience(limit, patienceMs) };
  const changes = options.dryRun ? newChanges() : undefined;
  let kept = 0;
  let alreadyDone = 0;
  const refused = new Set(checkpoint?.refused);
  const onRefused: OnRefused = ({ line }) => {
    if (!refused.has(line)) checkpoint?.refuse(line);
    refused.add(line);
  };
  const onKept = () => {
    kept += 1;
  };
  const batches = new Batches({
    size: changes === undefined ? writeBatchSize : readBatchSize,
    limit,
    lastWins: !options.ifNewer,
    send: sender(store, changes, options, onKept, onRefused),
    onDone: (line) => checkpoint?.advance(line),
  });
  const accept = async (customers: readonly Customer[]): Promise<void> => {
    for (const customer of customers) {
      onAccepted?.(customer);
      if (checkpoint !== undefined && customer.line <= checkpoint.startLine) {
        if (!refused.has(customer.line)) alreadyDone += 1;
      } else if (winners?.isAlone(customer) ?? true) await batches.add(customer);
    }
  };
  try {
    const label = changes === undefined ? 'Importing' : 'Comparing';
    const report = await readFile({ opened, options, rules, terminal, signal, label, accept });
    for (const customer of winners?.rest() ?? []) await batches.add(customer);
    await batches.end();
    if (!report.interrupted) await checkpoint?.finish();
    const durationMs = performance.now() - startedAt;
    return {
      report: { ...withRefused(report, refused.size), durationMs },
      changes,
      kept,
      alreadyDone,
      refusedLines: [...refused].sort((a, b) => a - b),
      checkpoint,
    };
  } finally {
    await batches.settle();
    // What could not be saved is imported again after a --resume; the failure that brought us here matters more.
    await checkpoint?.save().catch(() => undefined);
    client.destroy();
  }
};

import type { InputOptions } from '../customers/input-options.ts';
import type { TargetOptions } from '../store/target.ts';

export interface ImportOptions extends InputOptions, TargetOptions {
  readonly dryRun?: boolean;
  readonly ifNewer?: boolean;
  readonly resume?: boolean;
  /** Removes records that the (complete) export does not have. */
  readonly replaceAll?: boolean;
  readonly concurrency: number;
  /** Longest time without any progress, in seconds. */
  readonly patience: number;
  readonly yes?: boolean;
  readonly plan?: 's3';
  readonly out?: string;
  readonly bucket?: string;
  readonly newTable?: string;
}

import type { InputOptions } from '../customers/input-options.ts';
import type { TargetOptions } from '../store/target.ts';

export interface ImportOptions extends InputOptions, TargetOptions {
  readonly dryRun?: boolean;
  readonly ifNewer?: boolean;
  readonly resume?: boolean;
  readonly concurrency: number;
  readonly yes?: boolean;
  readonly plan?: 's3';
  readonly out?: string;
  readonly bucket?: string;
  readonly newTable?: string;
}

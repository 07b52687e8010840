import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const container = fileURLToPath(new URL('./container.mjs', import.meta.url));

/** What a container serves after its first request. */
export interface Phases {
  /** Calls that are not measured. */
  readonly settle?: number;
  /** Calls with a new session each. */
  readonly fresh?: number;
  /** Calls with one known session. */
  readonly repeated?: number;
  readonly growth?: { readonly parts: number; readonly each: number };
  /** Status that the measured calls must have; 200 without it. */
  readonly expected?: number;
  readonly coldStatus?: number;
}

/** When something began and ended, in milliseconds of the machine's monotonic clock. */
export type Span = readonly [number, number];

interface Served {
  /** CPU of one call, in milliseconds. */
  readonly cpuMs: number;
  readonly spans: readonly Span[];
}

/** What a cold container cost; times in milliseconds, memory in MB. */
export interface Measured {
  readonly importMs: number;
  readonly firstMs: number;
  readonly bothMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly warmPeakMb: number;
  readonly cold: Span;
  readonly fresh?: Served;
  readonly repeated?: Served;
  readonly heapMb?: readonly number[];
}

/** Now, on the clock that containers use. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Runs one fresh process, with these flags of Node.js. @throws with what it wrote to stderr, when it fails */
export const runContainer = async (
  bundle: string,
  env: Readonly<Record<string, string>>,
  phases: Phases = {},
  flags: readonly string[] = [],
  onLog?: (bytes: number) => void,
): Promise<Measured> => {
  const gc = phases.growth === undefined ? [] : ['--expose-gc'];
  const child = spawn(process.execPath, [...gc, ...flags, container, JSON.stringify({ bundle, phases })], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', onLog === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdout?.on('data', (chunk: Buffer) => onLog?.(chunk.length));
  const texts = ['', ''];
  for (const [index, stream] of [child.stderr, child.stdio[3]].entries()) {
    stream?.on('data', (chunk: Buffer) => {
      texts[index] += chunk.toString('utf8');
    });
  }
  const [errors, text] = await new Promise<string[]>((resolve) => child.once('close', () => resolve(texts)));
  if (text === undefined || text === '') throw new Error(`${bundle} failed: ${errors}`);
  return JSON.parse(text);
};

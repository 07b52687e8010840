import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { codeOf, UserError } from '../terminal/problem.ts';

const checkpointSchema = v.object({
  version: v.literal(1),
  /** Digest of the file's identity. */
  file: v.string(),
  /** Digest of target and options: another import of the same file is not continued by mistake. */
  job: v.string(),
  /** When the import began, epoch milliseconds: a resumed one counts `--ttl` from then too. */
  startedAtMs: v.number(),
  /** Every row up to this line is in the table, but for those that it refused. */
  line: v.number(),
  complete: v.boolean(),
  /** Lines up to there that the table refused. */
  refused: v.optional(v.array(v.number()), []),
});
type State = v.InferOutput<typeof checkpointSchema>;

const sampleBytes = 64 * 1024;

const fileDigest = async (path: string): Promise<string> => {
  const { size, mtimeMs } = await stat(path);
  const file = await open(path);
  try {
    const head = await file.read(Buffer.alloc(sampleBytes), 0, sampleBytes, 0);
    const tail = await file.read(Buffer.alloc(sampleBytes), 0, sampleBytes, Math.max(0, size - sampleBytes));
    return createHash('sha256')
      .update(`${size}:${mtimeMs}:`)
      .update(head.buffer)
      .update(tail.buffer)
      .digest('base64url');
  } finally {
    await file.close();
  }
};

const read = async (path: string): Promise<State | undefined> => {
  try {
    return v.parse(checkpointSchema, JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new UserError(`${path} is damaged: delete it and import from the beginning.`);
  }
};

const saveIntervalMs = 250;

/** How far the import of a file has come, kept beside it so that an interrupted one can go on. */
export class Checkpoint {
  /** Rows up to this line were written by an earlier run. */
  readonly startLine: number;
  private savedAtMs = 0;
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    private state: State,
  ) {
    this.startLine = state.complete ? Number.POSITIVE_INFINITY : state.line;
  }

  /**
   * @param job everything that decides what is written where
   * @throws UserError when there is nothing to resume, or the file or the job has changed
   */
  static async open(file: string, job: unknown, resume: boolean, nowMs: number): Promise<Checkpoint> {
    const path = `${file}.checkpoint.json`;
    const digest = await fileDigest(file);
    const jobDigest = createHash('sha256').update(JSON.stringify(job)).digest('base64url');
    const fresh: State = {
      version: 1,
      file: digest,
      job: jobDigest,
      startedAtMs: nowMs,
      line: 0,
      complete: false,
      refused: [],
    };
    const found = resume ? await read(path) : undefined;
    if (found !== undefined && found.file !== digest) {
      throw new UserError(
        `${file} has changed since its import was interrupted: import it without --resume.`,
      );
    }
    if (found !== undefined && found.job !== jobDigest) {
      throw new UserError(
        `The interrupted import of ${file} had another target or other options: repeat those, or import without --resume.`,
      );
    }
    const checkpoint = new Checkpoint(path, found ?? fresh);
    await checkpoint.save();
    return checkpoint;
  }

  get line(): number {
    return this.state.line;
  }

  get startedAtMs(): number {
    return this.state.startedAtMs;
  }

  /** Lines of rows that the table refused, in this run or an earlier one. */
  get refused(): readonly number[] {
    return this.state.refused;
  }

  /** Notes a row that the table refused; before its batch is done, so that no resumed import forgets it. */
  refuse(line: number): void {
    this.state.refused.push(line);
  }

  /** Notes progress; written to disk a few times a second. */
  advance(line: number): void {
    if (line <= this.state.line) return;
    this.state = { ...this.state, line };
    // A disk that is full shows at the end, or at the next resume: the rows are written all the same.
    if (Date.now() - this.savedAtMs >= saveIntervalMs) this.save().catch(() => undefined);
  }

  /** Nothing of this file is left to do. */
  async finish(): Promise<void> {
    this.state = { ...this.state, complete: true };
    await this.save();
  }

  async save(): Promise<void> {
    this.savedAtMs = Date.now();
    const write = async (): Promise<void> => {
      const draft = `${this.path}.tmp`;
      await writeFile(draft, JSON.stringify(this.state), { mode: 0o600 });
      // A kill at any moment leaves the old or the new one, never half of it.
      await rename(draft, this.path);
    };
    // Whatever became of an earlier one, this one is tried.
    this.writing = this.writing.then(write, write);
    await this.writing;
  }

  async remove(): Promise<void> {
    await this.writing.catch(() => undefined);
    await rm(this.path, { force: true });
  }
}

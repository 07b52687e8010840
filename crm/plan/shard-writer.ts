import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import type { Customer } from '../customers/customer.ts';

const rowsPerShard = 500_000;
const chunkChars = 64 * 1024;

interface Shard {
  readonly text: Readable;
  readonly written: Promise<void>;
  /** Resolves when the gzip stream wants more. */
  wanted: Promise<void>;
}

const openShard = (path: string): Shard => {
  let resume: () => void = () => undefined;
  const text = new Readable({ read: () => resume(), encoding: 'utf8', highWaterMark: 4 * chunkChars });
  const shard: Shard = {
    text,
    written: pipeline(text, createGzip({ level: 6 }), createWriteStream(path, { mode: 0o600 })),
    wanted: Promise.resolve(),
  };
  const wait = (): void => {
    shard.wanted = new Promise((resolve) => {
      resume = () => {
        wait();
        resolve();
      };
    });
  };
  wait();
  return shard;
};

/** Writes customers as gzip shards of DynamoDB JSON, one `{"Item": …}` a line. */
export class ShardWriter {
  rows = 0;
  count = 0;
  private shard: Shard | undefined;
  private pending = '';

  constructor(private readonly folder: string) {}

  async add({ sessionHash, record }: Customer): Promise<void> {
    if (this.rows % rowsPerShard === 0) await this.next();
    this.pending += `${JSON.stringify({ Item: itemFromRecord(sessionHash, record) })}\n`;
    this.rows += 1;
    if (this.pending.length >= chunkChars) await this.push();
  }

  async close(): Promise<void> {
    const { shard } = this;
    if (shard === undefined) return;
    await this.push();
    shard.text.push(null);
    this.shard = undefined;
    await shard.written;
  }

  private async next(): Promise<void> {
    await this.close();
    this.count += 1;
    this.shard = openShard(join(this.folder, `part-${String(this.count).padStart(5, '0')}.json.gz`));
  }

  private async push(): Promise<void> {
    const { shard, pending } = this;
    this.pending = '';
    if (shard === undefined || pending === '') return;
    const { wanted } = shard;
    if (!shard.text.push(pending)) await Promise.race([wanted, shard.written]);
  }
}

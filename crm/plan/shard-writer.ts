import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { TransformOptions } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, type Gzip, type ZlibOptions } from 'node:zlib';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import type { Customer } from '../customers/customer.ts';

const rowsPerShard = 500_000;
const chunkChars = 64 * 1024;

interface Shard {
  readonly gzip: Gzip;
  readonly written: Promise<void>;
}

const openShard = (path: string): Shard => {
  // Room for several chunks: zlib works beside the thread that makes them.
  const gzip = createGzip({ level: 6, highWaterMark: 4 * chunkChars } as ZlibOptions & TransformOptions);
  return { gzip, written: pipeline(gzip, createWriteStream(path, { mode: 0o600 })) };
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
    shard.gzip.end();
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
    if (!shard.gzip.write(pending)) await Promise.race([once(shard.gzip, 'drain'), shard.written]);
  }
}

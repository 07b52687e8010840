import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codeOf, UserError } from '../terminal/problem.ts';
import { isGzip, sniffEncoding } from './sniff.ts';

// Small blocks keep a row's strings in V8's young generation: measured fastest, and memory stays flat.
const blockBytes = 64 * 1024;

/** A file or stdin, opened and decoded. */
export interface TextSource {
  readonly name: string;
  /** Size in bytes as stored; undefined for stdin. */
  readonly sizeBytes: number | undefined;
  /** Bytes read so far, as stored. */
  readBytes(): number;
  /** The first block, for guessing the format. */
  readonly sample: string;
  /** The whole text, the sample included, without byte order mark. */
  readonly blocks: AsyncIterable<string>;
}

async function* from(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

const head = async (chunks: AsyncIterator<Buffer>, bytes: number): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let length = 0;
  while (length < bytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    parts.push(next.value);
    length += next.value.length;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
};

const gunzip = (chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> => {
  const unpacked = createGunzip({ chunkSize: blockBytes });
  Readable.from(chunks, { objectMode: false, highWaterMark: blockBytes })
    .on('error', (error) => unpacked.destroy(error))
    .pipe(unpacked);
  return unpacked;
};

async function* decoded(
  chunks: AsyncIterable<Buffer>,
  encoding: string,
  name: string,
): AsyncGenerator<string> {
  const decode = decoder(encoding);
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += blockBytes) yield decode(chunk.subarray(at, at + blockBytes));
    }
  } catch (error) {
    if (codeOf(error)?.startsWith('Z_'))
      throw new UserError(`${name} is damaged: its gzip data ends early or is broken.`);
    throw error;
  }
  yield decode();
}

/** Decodes block by block; without a block, what is left. */
const decoder = (encoding: string): ((block?: Buffer) => string) => {
  // The byte order mark is cut off here: left to the decoder, every block takes eight times as long.
  const stream = new TextDecoder(encoding, { ignoreBOM: true });
  let first = true;
  return (block) => {
    const text = block === undefined ? stream.decode() : stream.decode(block, { stream: true });
    if (!first || text === '') return text;
    first = false;
    return text.replace(/^\uFEFF/, '');
  };
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) throw new UserError(`${path} is a folder, not a file.`);
    return stats.size;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') throw new UserError(`There is no file ${path}.`);
    if (code === 'EACCES') throw new UserError(`${path} may not be read: its permissions forbid it.`);
    throw error;
  }
};

/**
 * Opens a file, or stdin for `-`: gunzips it where its first bytes say so and decodes it.
 * @param encoding a WHATWG label; default: by byte order mark, else UTF-8
 * @throws UserError when it cannot be read or is no text
 */
export const openText = async (
  path: string,
  encoding: string | undefined,
  stdin: Readable = process.stdin,
): Promise<TextSource> => {
  const name = path === '-' ? 'The input' : path;
  const sizeBytes = path === '-' ? undefined : await sizeOf(path);
  const stored = path === '-' ? stdin : createReadStream(path, { highWaterMark: blockBytes });
  let readBytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of stored) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      readBytes += bytes.length;
      yield bytes;
    }
  };
  const raw = counted();
  const magic = await head(raw, 2);
  const plain = isGzip(magic) ? gunzip(from(magic, raw)) : from(magic, raw);
  const chunks = plain[Symbol.asyncIterator]();
  const first = await head(chunks, 4096).catch((error: unknown) => {
    throw isGzip(magic)
      ? new UserError(`${name} is damaged: it begins like gzip but cannot be unpacked.`)
      : error;
  });
  if (first.length === 0) throw new UserError(`${name} is empty.`);
  const label = encoding ?? sniffEncoding(first.subarray(0, 4096), name);
  const blocks = decoded(from(first, chunks), label, name);
  const sample = (await blocks.next()).value ?? '';
  return {
    name,
    sizeBytes,
    readBytes: () => readBytes,
    sample,
    blocks: (async function* () {
      yield sample;
      yield* blocks;
    })(),
  };
};

import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { Level } from 'level';
import type { CallListener } from './call-listener.ts';
import { listen, type RunningServer, StartError } from './http-server.ts';
import { toolsOnly, wrapRequests } from './tools-only.ts';

export interface DynamoDbOptions {
  readonly port?: number;
  /** Keeps the tables in this folder; in memory without it. */
  readonly dataFolder?: string;
  readonly tables?: { readonly crm: string; readonly guests: string };
  readonly onCall?: CallListener;
  /** Begins with each request only after this time, as if it were that far away. */
  readonly latencyMs?: number;
}

export interface EmbeddedDynamoDb extends RunningServer {
  /** Cuts the tables off, or connects them again. */
  cut(cut: boolean): void;
}

/** Credentials for embedded services: they must be there, nobody checks them. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
export const localRegion = 'us-east-1';

const causeCode = (error: unknown): unknown =>
  (error as { readonly cause?: { readonly code?: unknown } } | undefined)?.cause?.code;

/** Opens the store once on its own: dynalite would bring the process down on a store that it cannot open. */
const checkFolder = async (dataFolder: string): Promise<void> => {
  try {
    mkdirSync(dirname(dataFolder), { recursive: true });
    const store = new Level(dataFolder);
    await store.open();
    await store.close();
  } catch (error) {
    if (causeCode(error) === 'LEVEL_LOCKED') {
      throw new StartError(
        `The data folder ${dataFolder} is in use by another process; stop it or choose another folder.`,
        { cause: error },
      );
    }
    throw new StartError(
      `The data folder ${dataFolder} cannot be read (damaged, or not a folder of this tool); delete it or choose another folder.`,
      { cause: error },
    );
  }
};

/** Creates those of the tables that are not there yet, keyed as the stack's are. */
export const createTables = async (url: string, names: readonly string[]): Promise<void> => {
  const client = new DynamoDBClient({
    endpoint: url,
    region: localRegion,
    credentials: localCredentials,
  });
  try {
    const { TableNames: existing = [] } = await client.send(new ListTablesCommand({}));
    for (const name of names.filter((candidate) => !existing.includes(candidate))) {
      await client.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'sessionHash', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'sessionHash', AttributeType: 'S' }],
        }),
      );
    }
  } finally {
    client.destroy();
  }
};

/** @returns cuts the tables off: connections end without a response */
const makeCuttable = (server: Server): ((cut: boolean) => void) => {
  let isCut = false;
  wrapRequests(server, (serve) => (request, response) => {
    if (isCut) request.socket.destroy();
    else serve(request, response);
  });
  return (cut) => {
    isCut = cut;
  };
};

/** In the server itself: a proxy would take its share of the core that dynalite computes on. */
const delayRequests = (server: Server, latencyMs: number): void =>
  wrapRequests(server, (serve) => (request, response) => {
    setTimeout(() => serve(request, response), latencyMs);
  });

/**
 * DynamoDB for one machine: dynalite with the CRM table and the registry.
 * @throws StartError when the port or the data folder cannot be used
 */
export const startDynamoDb = async ({
  port,
  dataFolder,
  tables = { crm: 'crm', guests: 'guests' },
  onCall,
  latencyMs = 0,
}: DynamoDbOptions = {}): Promise<EmbeddedDynamoDb> => {
  if (dataFolder !== undefined) await checkFolder(dataFolder);
  const server = dynalite({
    ...(dataFolder === undefined ? {} : { path: dataFolder }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  server.on('request', (request, response) => {
    // dynalite rethrows the error of a client that hangs up, which would end this process.
    request.removeAllListeners('error').on('error', () => undefined);
    const startedAt = performance.now();
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^.*\./, '');
    response.once('finish', () =>
      onCall?.({ service: 'dynamodb', operation, durationMs: performance.now() - startedAt }),
    );
  });
  if (latencyMs > 0) delayRequests(server, latencyMs);
  // dynalite itself lets every page read and delete the tables: it answers `Access-Control-Allow-Origin: *`.
  wrapRequests(server, toolsOnly);
  const cut = makeCuttable(server);
  const running = await listen(server, port);
  try {
    await createTables(running.url, [tables.crm, tables.guests]);
    return { ...running, cut };
  } catch (error) {
    await running.close();
    throw error;
  }
};

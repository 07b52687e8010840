import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quietSdk, settingsFrom } from './function-environment.ts';
import { StartError } from './http-server.ts';
import { type LocalStack, startLocalStack } from './local-stack.ts';
import { readableLine } from './log-lines.ts';
import { overview } from './overview.ts';
import { writeStackFile } from './stack-file.ts';
import { readStartOptions, type StartOptions } from './start-options.ts';

const longestEndMs = 1000;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const startStack = async (options: StartOptions): Promise<LocalStack> => {
  const { json, data, genesysLatency, genesysLimit, genesysFault } = options;
  const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  return await startLocalStack({
    port: options.port,
    provider: options.provider,
    settings: settingsFrom(process.env),
    ...(data === undefined ? {} : { dataFolder: join(data, 'dynamodb') }),
    genesys: {
      ...(genesysLimit === undefined ? {} : { apiPerMinute: genesysLimit }),
      faults: [
        ...genesysFault.map((fault) => ({ ...fault, latencyMs: genesysLatency })),
        ...(genesysLatency === undefined ? [] : [{ latencyMs: genesysLatency }]),
      ],
    },
    onLine: (line) => {
      const shown = json ? line : readableLine(line, colour);
      if (shown !== undefined) print(shown);
    },
    onError: (error) => process.stderr.write(`${String(error)}\n`),
  });
};

const run = async (): Promise<void> => {
  Object.assign(process.env, quietSdk);
  const options = readStartOptions(process.argv.slice(2));
  const stack = await startStack(options);
  const removeStackFile = writeStackFile(options.stackFile, stack.description);
  let ending = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      removeStackFile();
      if (ending) process.exit(1);
      ending = true;
      void Promise.race([stack.close(), sleep(longestEndMs)]).finally(() => process.exit(0));
    });
  }
  print(
    options.json
      ? JSON.stringify({ message: 'ready', ...stack.description })
      : overview(stack.description, options.data),
  );
};

run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof StartError ? error.message : (error as Error)?.stack}\n`);
  process.exit(1);
});

import type { ProviderName } from '../lambda/config.ts';
import { initPath } from '../lambda/contract.ts';
import { agentAssets } from './agent-assets.ts';
import { agentRoutes } from './agent-routes.ts';
import { type Bundles, buildFunctions } from './build.ts';
import { demoAttributeMap, demoVisitors } from './demo-visitors.ts';
import { localRegion, startDynamoDb } from './embedded-dynamodb.ts';
import { startEventSource } from './event-source.ts';
import { type FunctionProcess, startFunction } from './function.ts';
import {
  clientCredentials,
  externalSourceId,
  functionEnvironment,
  localSecret,
  messagingDeploymentId,
  messagingOrigins,
  queueNames,
  secretId,
  tables,
} from './function-environment.ts';
import { createCallJournal } from './gateway/call-journal.ts';
import { type Asset, startGateway } from './gateway.ts';
import { type GenesysSimulator, type SimulatorOptions, startGenesysSimulator } from './genesys-simulator.ts';
import type { LambdaHandler } from './lambda-runtime.ts';
import { messageFlow } from './message-flow.ts';
import { pageAssets } from './page-assets.ts';
import { type SecretsManager, startSecretsManager } from './secrets-manager.ts';
import { seedDemoVisitors } from './seed.ts';
import { type Sqs, startSqs } from './sqs.ts';
import type { StackFile } from './stack-file.ts';
import { spoilTour, tourRoutes } from './tour.ts';

export interface LocalStackOptions {
  readonly port?: number;
  readonly provider?: ProviderName;
  /** Keeps the tables; in memory without it. */
  readonly dataFolder?: string;
  readonly genesys?: Omit<SimulatorOptions, 'port' | 'credentials' | 'onCall'>;
  /** Settings of the function beyond those that the stack makes. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Answers for the function `resolve`, in the place of the built one. */
  readonly resolve?: LambdaHandler;
  /** Built bundles; built afresh without them. */
  readonly bundles?: Bundles;
  /** Each line that the functions write. */
  readonly onLine?: (line: string) => void;
  readonly onError?: (error: unknown) => void;
}

export interface LocalStack {
  readonly description: StackFile;
  readonly genesys: GenesysSimulator;
  readonly secrets: SecretsManager;
  readonly sqs: Sqs;
  close(): Promise<void>;
}

interface Closable {
  close(): Promise<void>;
}

const workerTimeoutMs = 30_000;
const visibilityTimeoutSeconds = 60;
const maxReceiveCount = 10;

/**
 * Starts everything on one machine: page and API, both built functions, Genesys simulator, tables, secret, queue.
 * @throws StartError with one clear sentence; what was started is ended again
 */
export const startLocalStack = async (options: LocalStackOptions = {}): Promise<LocalStack> => {
  const running: Closable[] = [];
  const close = async (): Promise<void> => {
    // All at once: a worker that waits for Genesys must not keep its caller waiting.
    await Promise.allSettled(running.splice(0).map((service) => service.close()));
  };
  const keep = <T extends Closable>(service: T): T => {
    running.push(service);
    return service;
  };
  try {
    return { ...(await start(options, keep)), close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** A value that others wait for already. */
const later = <T>() => {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
};

const start = async (
  {
    port,
    provider = 'webchat-v1',
    dataFolder,
    genesys: genesysOptions,
    settings = {},
    resolve: givenResolve,
    bundles,
    onLine = () => undefined,
    onError,
  }: LocalStackOptions,
  keep: <T extends Closable>(service: T) => T,
): Promise<Omit<LocalStack, 'close'>> => {
  const journal = createCallJournal();
  const onCall = journal.listener;
  const init = later<FunctionProcess>();
  const resolve = later<LambdaHandler>();
  let assets: ReadonlyMap<string, Asset> = new Map();
  let genesysStarted: GenesysSimulator | undefined;
  let throwSwitch: ((fault: string) => void) | undefined;
  const agent = agentRoutes(() => genesysStarted?.desktop);
  const tour = tourRoutes((fault) => throwSwitch?.(fault));
  let origins: readonly string[] = [];
  // First, so that a port that is taken is told at once.
  const gateway = keep(
    await startGateway({
      ...(port === undefined ? {} : { port }),
      journal,
      assets: () => assets,
      routes: (...request) => agent(...request) || tour(...request),
      connectSources: () => (genesysStarted === undefined ? [] : [genesysStarted.messagingUrl]),
      edge: () => ({ origins }),
      handler: async (event, context) => (await init.promise).handler(event, context),
      ...(onError === undefined ? {} : { onError }),
    }),
  );
  origins = [gateway.url, `http://localhost:${gateway.port}`];
  const building = bundles === undefined ? buildFunctions() : Promise.resolve(bundles);
  building.catch(() => undefined);
  const dynamodb = keep(
    await startDynamoDb({ tables, onCall, ...(dataFolder === undefined ? {} : { dataFolder }) }),
  );
  const secrets = keep(await startSecretsManager({ secrets: { [secretId]: localSecret }, onCall }));
  const sqs = keep(
    await startSqs({
      onCall,
      queues: {
        [queueNames.overflow]: {
          visibilityTimeoutSeconds,
          deadLetter: { queue: queueNames.deadLetters, maxReceiveCount },
        },
        [queueNames.deadLetters]: {},
      },
    }),
  );
  const genesys = keep(
    await startGenesysSimulator({
      messagingDeploymentId,
      messagingOrigins: messagingOrigins(origins, settings),
      flow: messageFlow(
        settings['ATTRIBUTE_MAP'] ?? JSON.stringify(demoAttributeMap),
        resolve.promise,
        (error) => onError?.(error),
      ),
      ...genesysOptions,
      credentials: clientCredentials,
      onCall,
    }),
  );
  genesysStarted = genesys;
  throwSwitch = (fault) => spoilTour(fault, { genesys, cutTables: dynamodb.cut });
  await seedDemoVisitors(dynamodb.url, tables.crm);
  assets = new Map([...(await pageAssets(demoVisitors)), ...(await agentAssets())]);

  const endpoints = {
    dynamodb: dynamodb.url,
    secretsManager: secrets.url,
    sqs: sqs.url,
    genesys: genesys.url,
  };
  const queueUrl = sqs.queueUrl(queueNames.overflow);
  const environment = functionEnvironment({
    endpoints,
    origins,
    provider,
    queueUrl,
    settings,
  });
  origins = (environment['ALLOWED_ORIGINS'] ?? '').split(',');
  const built = await building;
  const load = async (bundle: string): Promise<FunctionProcess> =>
    keep(await startFunction({ bundle, environment, onLine }));
  const [drain] = await Promise.all([
    load(built.drain),
    load(built.init).then(init.settle),
    (givenResolve === undefined
      ? load(built.resolve).then(({ handler }) => handler)
      : Promise.resolve(givenResolve)
    ).then(resolve.settle),
  ]);
  keep(
    startEventSource({
      queue: sqs.queue(queueNames.overflow),
      handler: drain.handler,
      functionName: 'drain',
      timeoutMs: workerTimeoutMs,
      ...(onError === undefined ? {} : { onError }),
    }),
  );
  return {
    genesys,
    secrets,
    sqs,
    description: {
      pid: process.pid,
      url: gateway.url,
      apiUrl: `${gateway.url}${initPath}`,
      provider,
      region: localRegion,
      endpoints,
      tables,
      secretId,
      queueUrl,
      externalSourceId,
    },
  };
};

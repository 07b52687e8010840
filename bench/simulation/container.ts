import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import { createOverflowQueue, parseQueuedRegistration } from '../../lambda/aws/overflow-queue.ts';
import { createApiClient } from '../../lambda/genesys/api-client.ts';
import { createBreaker } from '../../lambda/genesys/breaker.ts';
import { type CreationGate, createCreationGate } from '../../lambda/genesys/creation-gate.ts';
import { createOAuthToken } from '../../lambda/genesys/oauth-token.ts';
import { createQuota } from '../../lambda/genesys/quota.ts';
import type { SharedTokenStore } from '../../lambda/genesys/shared-token-store.ts';
import { createWebchatV1, webchatScope } from '../../lambda/genesys/webchat-v1.ts';
import { createDrainRegistration } from '../../lambda/guest/drain-registration.ts';
import {
  createInitialiseGuest,
  type InitialiseGuestCommand,
  type InitialiseGuestResult,
} from '../../lambda/guest/initialise-guest.ts';
import type { Deadline } from '../../lambda/guest/ports.ts';
import { createDrainBatch } from '../../lambda/sqs/drain-batch.ts';
import { assumptions } from './assumptions.ts';
import type { World } from './world.ts';

/** The API function in one container. */
export type InitContainer = (
  command: InitialiseGuestCommand,
  deadline: Deadline,
) => Promise<InitialiseGuestResult>;

const { settings } = assumptions;
const { genesysTimeoutMs, guestTtlSeconds } = settings;
const loginUrl = 'https://login.example.com';
const openGate: CreationGate = { admit: async () => undefined, hold: () => undefined };

/** The secret, read once by each container. */
const createCredentials = ({ clock, chance, counts }: World) => {
  const secret = { clientId: 'client-1', clientSecret: 'client-secret-of-the-simulation' };
  let known = false;
  const current = async () => {
    if (!known) {
      known = true;
      counts.secretReads += 1;
      await clock.sleep(chance.aroundMs(assumptions.aws.secretMs));
    }
    return secret;
  };
  return { current, refresh: async () => ({ secret: await current() }) };
};

/** One container's way to Genesys, wired as in `lambda/compose.ts`. */
const createGenesysSide = (world: World, machinery: boolean, store?: SharedTokenStore) => {
  const { clock, telemetry, genesys, chance } = world;
  const { random } = chance;
  const credentials = createCredentials(world);
  const quota = createQuota({ clock, telemetry });
  const client = createApiClient({
    transport: genesys.transport,
    timeoutMs: genesysTimeoutMs,
    clock,
    telemetry,
    breaker: createBreaker({ clock, telemetry }),
    quota,
  });
  const common = { client, clock, telemetry, random };
  const oauth = createOAuthToken({
    ...common,
    loginUrl,
    style: 'body',
    scope: webchatScope,
    credentials,
    store,
  });
  const provider = createWebchatV1({
    ...common,
    oauth,
    baseUrl: 'https://api.example.com',
    attributeMap: settings.attributeMap,
    integrationSource: 'node-middleware-v1',
    gate: machinery ? createCreationGate({ clock, telemetry, quota, queueing: true }) : openGate,
  });
  return { credentials, oauth, provider, quota };
};

const createSharedSide = (world: World) => {
  const { clock, telemetry, shared, tokenEntry } = world;
  const { store, companion } = tokenEntry(() => side.oauth);
  const side = createGenesysSide(world, true, store);
  const registration = {
    provider: side.provider,
    clock,
    telemetry,
    genesysTimeoutMs,
    guestTtlSeconds,
    settings,
    registry: shared.registry,
    tables: shared.tables(companion),
  };
  const queue = createOverflowQueue({
    client: world.overflow.client,
    queueUrl: 'https://sqs.example.com/overflow',
    clock,
    telemetry,
    drainPerSecond: () => side.quota.callsPerSecond(),
  });
  return { ...side, registration, queue };
};

/** A container with all that this project does. */
export const createInitContainer = (world: World): InitContainer => {
  const { clock, leaseMs } = world;
  const { credentials, oauth, registration, queue } = createSharedSide(world);
  return createInitialiseGuest({
    ...registration,
    queue,
    memory: createMemoryRegistry({ clock, leaseMs, guestTtlSeconds }),
    hashKeys: async () => {
      oauth.learn(await credentials.current());
      return [];
    },
  });
};

/** A container of a product without registry, shared token, queue and admission: it only keeps its own token. */
export const createPlainContainer = (world: World): InitContainer => {
  const { clock, telemetry, shared, leaseMs } = world;
  const { credentials, provider } = createGenesysSide(world, false);
  return async (command, deadline) => {
    const forgetful = () => createMemoryRegistry({ clock, leaseMs, guestTtlSeconds });
    const initialise = createInitialiseGuest({
      provider,
      clock,
      telemetry,
      genesysTimeoutMs,
      guestTtlSeconds,
      settings,
      tables: shared.crmOnly,
      registry: forgetful(),
      memory: forgetful(),
      queue: undefined,
      hashKeys: async () => {
        await credentials.current();
        return [];
      },
    });
    return await initialise(command, deadline);
  };
};

/** A container of the overflow worker. */
export const createDrainContainer = (world: World) => {
  const { registration, queue } = createSharedSide(world);
  return createDrainBatch({
    drain: createDrainRegistration(registration),
    parse: parseQueuedRegistration,
    changeVisibility: async (handle, seconds, deadline) =>
      await queue.changeVisibility(handle, seconds, deadline),
    clock: world.clock,
    telemetry: world.telemetry,
    reserveMs: world.leaseMs,
  });
};

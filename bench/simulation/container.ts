import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import { createOverflowQueue } from '../../lambda/aws/overflow-queue.ts';
import { connect } from '../../lambda/genesys/connect.ts';
import { type CreationGate, createCreationGate } from '../../lambda/genesys/creation-gate.ts';
import type { SharedTokenStore } from '../../lambda/genesys/shared-token-store.ts';
import { createWebchatV1, webchatScope } from '../../lambda/genesys/webchat-v1.ts';
import { createDrainRegistration } from '../../lambda/guest/drain-registration.ts';
import {
  createInitialiseGuest,
  type InitialiseGuestCommand,
  type InitialiseGuestResult,
} from '../../lambda/guest/initialise-guest.ts';
import type { Deadline } from '../../lambda/guest/ports.ts';
import { parseQueuedRegistration } from '../../lambda/guest/queued-registration.ts';
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

/** One container's way to Genesys, connected as in `lambda/wire.ts`. */
const createGenesysSide = (world: World, machinery: boolean, store?: SharedTokenStore) => {
  const { clock, telemetry, genesys, chance } = world;
  const credentials = createCredentials(world);
  const { call, quota } = connect({
    transport: genesys.transport,
    clock,
    telemetry,
    loginUrl,
    timeoutMs: genesysTimeoutMs,
    credentials,
    style: 'body',
    scope: webchatScope,
    store,
    random: chance.random,
  });
  const provider = createWebchatV1({
    call,
    clock,
    baseUrl: 'https://api.example.com',
    timeoutMs: genesysTimeoutMs,
    showsVerification: false,
    attributeMap: settings.attributeMap,
    integrationSource: 'node-middleware-v1',
    gate: machinery
      ? createCreationGate({ clock, telemetry, quota, queueing: true, limitsUnverified: world.verification })
      : openGate,
  });
  return { credentials, provider, quota };
};

const createSharedSide = (world: World) => {
  const { clock, telemetry, shared, tokenEntry } = world;
  const side = createGenesysSide(world, true, tokenEntry);
  const registration = {
    provider: side.provider,
    clock,
    telemetry,
    settings: { ...settings, unverifiedQueueShare: world.verification ? 0.5 : 1 },
    registry: shared.registry,
    tables: shared.tables,
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
  const { credentials, registration, queue } = createSharedSide(world);
  return createInitialiseGuest({
    ...registration,
    queue,
    memory: createMemoryRegistry({ clock, leaseMs, guestTtlSeconds }),
    hashKeys: async () => {
      await credentials.current();
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
    maxAgeMs: settings.overflowMaxAgeSeconds * 1000,
  });
};

import { connect } from '../../lambda/genesys/connect.ts';
import { createCreationGate } from '../../lambda/genesys/creation-gate.ts';
import type { GenesysEvent } from '../../lambda/genesys/events.ts';
import type { SharedTokenStore } from '../../lambda/genesys/shared-token-store.ts';
import { createWebMessaging } from '../../lambda/genesys/web-messaging.ts';
import { createWebchatV1, webchatScope } from '../../lambda/genesys/webchat-v1.ts';
import type { Consent } from '../../lambda/guest/consent.ts';
import type { Deadline, GuestProvider, KnownGuest, RegisterCommand } from '../../lambda/guest/ports.ts';
import { identifySession, type SessionIdentity } from '../../lambda/guest/session-hash.ts';
import { createTestClock, deadlineIn, type TestClock } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';
import { createScriptedTransport } from './scripted-transport.ts';

export const attributeMap = { crmTier: 'tier', historicalTickets: 'previousTickets' };

/** A secret that can be rotated; the container learns of it by a refresh. */
export const createTestCredentials = () => {
  const first = {
    clientId: 'client-1',
    clientSecret: 'client-secret-of-first-generation',
    externalIdKey: new Uint8Array(32).fill(7) as Uint8Array | undefined,
  };
  const state = { known: first, stored: first, refreshes: 0 };
  return {
    state,
    current: async () => state.known,
    refresh: async () => {
      state.refreshes += 1;
      const changed = state.known !== state.stored;
      state.known = state.stored;
      return { secret: state.known, changed };
    },
    refreshForForgery: async () => {
      state.refreshes += 1;
      if (state.known === state.stored) return undefined;
      state.known = state.stored;
      return state.known;
    },
  };
};

export interface WorldOptions {
  readonly clock?: TestClock;
  readonly genesys?: ReturnType<typeof createScriptedTransport>;
  readonly credentials?: ReturnType<typeof createTestCredentials>;
  readonly store?: SharedTokenStore;
  readonly queueing?: boolean;
  readonly style?: 'body' | 'basic';
  readonly random?: () => number;
  readonly attributeMap?: Readonly<Record<string, string>>;
  readonly showsVerification?: boolean;
}

/** Longest that one attempt takes. */
export const timeoutMs = 4000;
export const guestTtlSeconds = 86_400;

/** One container's Genesys side, on a clock and a network that the test holds. */
export const createWorld = (options: WorldOptions = {}) => {
  const { clock = createTestClock(), random = () => 0.5, style = 'body' } = options;
  const genesys = options.genesys ?? createScriptedTransport(clock);
  const credentials = options.credentials ?? createTestCredentials();
  const telemetry = createRecordedTelemetry<GenesysEvent>();
  const { call, oauth, quota } = connect({
    transport: genesys.transport,
    clock,
    telemetry,
    loginUrl: 'https://login.example.com',
    timeoutMs,
    credentials,
    style,
    scope: style === 'body' ? webchatScope : undefined,
    store: options.store,
    random,
  });
  const gate = createCreationGate({
    clock,
    telemetry,
    quota,
    queueing: options.queueing ?? true,
    limitsUnverified: false,
  });
  const webchat = createWebchatV1({
    call,
    clock,
    baseUrl: 'https://api.example.com',
    timeoutMs,
    showsVerification: options.showsVerification ?? false,
    integrationSource: 'node-middleware-v1',
    attributeMap: options.attributeMap ?? attributeMap,
    gate,
  });
  const webMessaging = createWebMessaging({
    clock,
    telemetry,
    websocketBaseUrl: 'wss://webmessaging.example.com',
    deploymentId: 'deployment-1',
    credentials,
    guestTtlSeconds,
  });

  /** Runs something within a budget, turning the clock until it is through. */
  const within = async <T>(budgetMs: number, work: (deadline: Deadline) => Promise<T>): Promise<T> => {
    const deadline = deadlineIn(clock, budgetMs);
    let settled = false;
    const running = work(deadline).finally(() => {
      settled = true;
      deadline.clear();
    });
    running.catch(() => undefined);
    await clock.advance(0);
    for (let turnedMs = 0; !settled && turnedMs < budgetMs + 1000; turnedMs += 50) await clock.advance(50);
    return await running;
  };

  return {
    clock,
    genesys,
    credentials,
    telemetry,
    quota,
    call,
    gate,
    oauth,
    webchat,
    webMessaging,
    within,
  };
};
export type World = ReturnType<typeof createWorld>;

export const jane = {
  email: 'jane.roe@customers.example',
  firstName: 'Jane',
  tier: 'Enterprise',
  previousTickets: 12,
  crmId: 'crm-4711',
  anonymous: false,
};

export const explicit: Consent = { given: true, type: 'explicit', stated: true };

/** Jane's session. */
export const session: SessionIdentity = identifySession('session-of-jane', []);

/** A command to register Jane, who consents. */
export const command = (changes: Partial<RegisterCommand> = {}): RegisterCommand => ({
  session,
  profile: jane,
  consent: explicit,
  verified: false,
  createUntilMs: Number.POSITIVE_INFINITY,
  leastMs: Number.POSITIVE_INFINITY,
  ...changes,
});

/** Registers at a provider, giving the guest as the registry would remember it. */
export const registered = async (
  world: World,
  provider: GuestProvider,
  request: RegisterCommand = command(),
): Promise<KnownGuest> => {
  const guest = await world.within(8000, (deadline) => provider.register(request, deadline));
  return {
    guestId: guest.guestId,
    sealedToken: guest.sealedToken,
    provider: provider.name,
    profileDigest: 'digest-of-jane',
    anonymous: request.profile.anonymous,
    consent: request.consent,
    verified: request.verified,
    registeredAtMs: world.clock.now(),
    expiresAtMs: guest.expiresAtMs ?? world.clock.now() + guestTtlSeconds * 1000,
  };
};

/** A token for a guest, within the budget of a request. */
export const issued = async (world: World, provider: GuestProvider, guest: KnownGuest, of = session) =>
  await world.within(8000, (deadline) => provider.issueToken(guest, of, deadline));

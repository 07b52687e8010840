import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createAxiosTransport } from '../../lambda/genesys/axios-transport.ts';
import { connect } from '../../lambda/genesys/connect.ts';
import { createContacts } from '../../lambda/genesys/contact.ts';
import { createCreationGate } from '../../lambda/genesys/creation-gate.ts';
import type { GenesysEvent } from '../../lambda/genesys/events.ts';
import { createWebchatV1, webchatScope } from '../../lambda/genesys/webchat-v1.ts';
import { startDeadline } from '../../lambda/guest/deadline.ts';
import { AmbiguousCreationError, LimitedError, UnknownGuestError } from '../../lambda/guest/errors.ts';
import type { Deadline, GuestProvider, KnownGuest } from '../../lambda/guest/ports.ts';
import { systemClock as clock } from '../../lambda/time/system-clock.ts';
import { type GenesysSimulator, startGenesysSimulator } from '../../local/genesys-simulator.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';
import { attributeMap, command, createTestCredentials, explicit, jane, session } from './world.ts';

let simulator: GenesysSimulator;
const closing: (() => void)[] = [];

beforeAll(async () => {
  simulator = await startGenesysSimulator({
    credentials: { clientId: 'client-1', clientSecret: 'client-secret-of-first-generation' },
  });
});
afterAll(async () => await simulator.close());
afterEach(() => {
  for (const close of closing.splice(0)) close();
  simulator.control.reset();
  simulator.control.change({
    clientSecret: 'client-secret-of-first-generation',
    invalidClientStatus: 401,
    requireConsent: false,
    apiPerMinute: 300,
    clientAuthentication: 'either',
  });
});

/** A container as it is wired in Lambda. */
const container = ({
  timeoutMs = 4000,
  style = 'body',
}: {
  readonly timeoutMs?: number;
  readonly style?: 'body' | 'basic';
} = {}) => {
  const transport = createAxiosTransport();
  closing.push(() => transport.close());
  const telemetry = createRecordedTelemetry<GenesysEvent>();
  const credentials = createTestCredentials();
  const loginUrl = simulator.url;
  const common = { clock, telemetry, timeoutMs };
  const scope = style === 'body' ? webchatScope : undefined;
  const { call, quota } = connect({ ...common, transport, loginUrl, credentials, style, scope });
  const gate = createCreationGate({ clock, telemetry, quota, queueing: true, limitsUnverified: false });
  const webchat = createWebchatV1({
    ...common,
    call,
    baseUrl: simulator.url,
    showsVerification: false,
    integrationSource: 'node-middleware-v1',
    attributeMap,
    gate,
  });
  return { telemetry, credentials, call, webchat };
};

const within = async <T>(budgetMs: number, work: (deadline: Deadline) => Promise<T>): Promise<T> => {
  const deadline = startDeadline(clock, budgetMs);
  try {
    return await work(deadline);
  } finally {
    deadline.clear();
  }
};
const register = (provider: GuestProvider, budgetMs = 8000, request = command()) =>
  within(budgetMs, (deadline) => provider.register(request, deadline));
const known = (guestId: string): KnownGuest => ({
  guestId,
  provider: 'webchat-v1',
  profileDigest: 'digest',
  anonymous: false,
  consent: explicit,
  verified: false,
  registeredAtMs: Date.now(),
  expiresAtMs: Date.now() + 60_000,
});
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('webchat-v1 against a strict Genesys', () => {
  it('registers the guest with everything, and gets a token, in two calls and one for OAuth', async () => {
    const { webchat } = container();
    const { guestId } = await register(webchat);
    const token = await within(8000, (deadline) => webchat.issueToken(known(guestId), session, deadline));
    expect(simulator.guests.get(guestId)).toMatchObject({
      name: 'Jane',
      email: jane.email,
      consentGiven: true,
      consentType: 'explicit',
      attributes: { crmTier: 'Enterprise', historicalTickets: 12, integrationSource: 'node-middleware-v1' },
      tokens: 1,
    });
    expect(Date.parse(token.expiresAt)).toBeGreaterThan(Date.now());
    expect(simulator.counts).toMatchObject({ oauth: 1, guest: 1, guest_token: 1 });
  });

  it('asks for one OAuth token for 50 cold callers', async () => {
    const { webchat } = container();
    const guests = await within(10_000, (deadline) =>
      Promise.all(Array.from({ length: 50 }, () => webchat.register(command(), deadline))),
    );
    expect(new Set(guests.map(({ guestId }) => guestId)).size).toBe(50);
    expect(simulator.counts.oauth).toBe(1);
  });

  it('gets a new OAuth token when the old one was revoked', async () => {
    const { webchat } = container();
    await register(webchat);
    simulator.control.revokeTokens();
    await register(webchat);
    expect(simulator.counts).toMatchObject({ oauth: 2, guest: 3 });
    expect(simulator.guests.size).toBe(2);
  });

  it.each([400, 401] as const)(
    'picks up a rotated secret (invalid_client as %d)',
    async (invalidClientStatus) => {
      const { webchat, credentials } = container();
      simulator.control.change({ clientSecret: 'rotated', invalidClientStatus });
      credentials.state.stored = { ...credentials.state.known, clientSecret: 'rotated' };
      await register(webchat);
      expect(credentials.state.refreshes).toBe(1);
    },
  );

  it('is refused for lack of consent where Genesys wants it', async () => {
    const { webchat } = container();
    simulator.control.change({ requireConsent: true });
    const request = command({ consent: { ...explicit, given: false } });
    expect(await failureOf(register(webchat, 8000, request))).toMatchObject({ code: 'consent_required' });
  });

  it('tells the operator which scope is missing', async () => {
    const { webchat, telemetry } = container();
    simulator.control.change({ scopes: ['webchat:token:write'] });
    expect(await failureOf(register(webchat))).toMatchObject({ code: 'rejected' });
    expect(telemetry.of('genesys_permission_missing')[0]?.['permissions']).toContain('webchat:guest:write');
    simulator.control.change({ scopes: ['webchat:guest:write', 'webchat:token:write'] });
  });

  it.each(['reset', 'reset-after', 'hang', 'hang-after', 'garbage', 'garbage-after'] as const)(
    'never creates a second guest after %s',
    async (kind) => {
      const { webchat } = container({ timeoutMs: 1000 });
      simulator.control.addFaults({ endpoint: 'guest', kind });
      expect(await failureOf(register(webchat))).toBeInstanceOf(AmbiguousCreationError);
      expect(simulator.counts.guest).toBe(1);
      expect(simulator.guests.size).toBeLessThanOrEqual(1);
    },
  );

  it.each([
    [500, 1, AmbiguousCreationError],
    [502, 1, AmbiguousCreationError],
    [504, 1, AmbiguousCreationError],
    [503, 3, Error],
  ])('takes %d with so many attempts to create the guest: %d', async (status, attempts, kind) => {
    const { webchat } = container();
    simulator.control.addFaults({ endpoint: 'guest', kind: 'status', status });
    const failure = await failureOf(register(webchat));
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(failure).toBeInstanceOf(kind);
    expect(simulator.counts.guest).toBe(attempts);
  });

  it('gets the token through an outage of one call', async () => {
    const { webchat } = container();
    const { guestId } = await register(webchat);
    simulator.control.addFaults({ endpoint: 'guest_token', kind: 'reset-after', calls: 1 });
    await within(8000, (deadline) => webchat.issueToken(known(guestId), session, deadline));
    expect(simulator.counts.guest_token).toBe(2);
  });

  it('notices that Genesys has forgotten the guest', async () => {
    const { webchat } = container();
    const { guestId } = await register(webchat);
    simulator.control.forgetGuest(guestId);
    expect(
      await failureOf(within(8000, (deadline) => webchat.issueToken(known(guestId), session, deadline))),
    ).toBeInstanceOf(UnknownGuestError);
  });

  it('waits for a limit that fits the budget, and says how long otherwise', async () => {
    const { webchat } = container();
    simulator.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 1 });
    expect((await register(webchat)).guestId).toEqual(expect.any(String));
    simulator.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 30 });
    const failure = await failureOf(register(webchat));
    expect(failure).toBeInstanceOf(LimitedError);
    expect((failure as LimitedError).waitMs).toBeGreaterThan(28_000);
    const sent = simulator.counts.guest;
    expect(await failureOf(register(webchat))).toBeInstanceOf(LimitedError);
    expect(simulator.counts.guest).toBe(sent);
  });

  it('keeps the rest of the quota for known guests', async () => {
    const { webchat, telemetry } = container();
    simulator.control.change({ apiPerMinute: 5 });
    for (let visitor = 0; visitor < 4; visitor += 1) await register(webchat);
    expect(await failureOf(register(webchat))).toBeInstanceOf(LimitedError);
    expect(simulator.counts.guest).toBe(4);
    const [guestId = ''] = simulator.guests.keys();
    await within(8000, (deadline) => webchat.issueToken(known(guestId), session, deadline));
    expect(telemetry.of('genesys_quota').at(-1)).toMatchObject({ usedPercent: 100, remaining: 0 });
  });

  it('ends with its budget when Genesys hangs', async () => {
    const { webchat } = container();
    simulator.control.addFaults({ endpoint: 'oauth', kind: 'hang' });
    expect(await failureOf(register(webchat, 1000))).toMatchObject({ code: 'deadline_exceeded' });
    expect(simulator.counts.oauth).toBe(1);
  });
});

describe('a customer’s contact at a strict Genesys', () => {
  const upsert = async () => {
    const { call, telemetry, credentials } = container({ style: 'basic' });
    const contacts = createContacts({
      call,
      telemetry,
      baseUrl: simulator.url,
      externalSourceId: 'source-1',
      attributeMap,
      credentials,
    });
    return { id: await within(8000, (deadline) => contacts.upsert(jane, deadline)), telemetry };
  };

  it('is created once and updated the next time', async () => {
    simulator.control.change({ clientAuthentication: 'basic' });
    const [first, second] = [await upsert(), await upsert()];
    expect(first.id).toEqual(expect.any(String));
    expect(second.id).toBe(first.id);
    expect(simulator.contacts.size).toBe(1);
    expect(
      simulator.calls.filter(({ endpoint }) => endpoint === 'enrich').map(({ status }) => status),
    ).toEqual([201, 200]);
  });

  it('is left out, and the operator learns which permission the client’s role lacks', async () => {
    simulator.control.change({ permissions: [] });
    const { id, telemetry } = await upsert();
    simulator.control.change({ permissions: ['externalContacts:contact:enrich'] });
    expect(id).toBeUndefined();
    expect(telemetry.of('genesys_permission_missing')).toEqual([
      {
        endpoint: 'contact',
        permissions: 'externalContacts:contact:enrich',
        correlationId: expect.any(String),
      },
    ]);
  });
});

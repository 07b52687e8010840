import { createHmac } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { UnknownGuestError } from '../../lambda/guest/errors.ts';
import type { KnownGuest, RegisterCommand } from '../../lambda/guest/ports.ts';
import { anonymousProfile } from '../../lambda/guest/profile.ts';
import type { Reply } from './scripted-transport.ts';
import { command, createWorld, jane, registered, type World } from './world.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const register = (world: World, request: RegisterCommand = command(), budgetMs = 8000) =>
  world.within(budgetMs, (deadline) => world.webMessaging.register(request, deadline));
const issue = (world: World, guest: KnownGuest) =>
  world.within(8000, (deadline) => world.webMessaging.issueToken(guest, deadline));
const contactSent = (world: World): unknown => JSON.parse(world.genesys.calls('contact')[0]?.body ?? 'null');

describe('registering', () => {
  it('mints a random guest and a random token, the same never twice', async () => {
    const world = createWorld();
    const guests = [await registered(world, world.webMessaging), await registered(world, world.webMessaging)];
    const tokens = await Promise.all(guests.map((guest) => issue(world, guest)));
    const ids = [...guests.map(({ guestId }) => guestId), ...tokens.map(({ accessToken }) => accessToken)];
    for (const id of ids) expect(id).toMatch(uuid);
    expect(new Set(ids).size).toBe(4);
  });

  it('gives the registry the token encrypted only', async () => {
    const world = createWorld();
    const guest = await registered(world, world.webMessaging);
    const { accessToken } = await issue(world, guest);
    expect(JSON.stringify(guest)).not.toContain(accessToken);
  });

  it('asks for leave before it mints, and does not where the guest is kept', async () => {
    const world = createWorld();
    const beforeCreation = jest.fn(async () => undefined);
    const previous = await registered(world, world.webMessaging, command({ beforeCreation }));
    expect(beforeCreation).toHaveBeenCalledTimes(1);
    await register(world, command({ previous, profileDigest: 'changed', beforeCreation }));
    expect(beforeCreation).toHaveBeenCalledTimes(1);
  });

  it('tells Genesys about the customer, matched by a keyed hash of the CRM’s customer id', async () => {
    const world = createWorld({ style: 'basic' });
    expect(await register(world)).toMatchObject({ degraded: false });
    const value = createHmac('sha256', new Uint8Array(32).fill(7)).update('crm-4711').digest('hex');
    const externalSource = { id: 'source-1' };
    expect(contactSent(world)).toEqual({
      matchingIdentifiers: [{ type: 'ExternalId', value, externalSource }],
      action: 'Upsert',
      contact: {
        firstName: 'Jane',
        otherEmail: 'jane.roe@customers.example',
        externalIds: [{ externalSource, value }],
      },
      fieldRules: { defaultAction: 'PreferProvided' },
    });
    expect(world.genesys.calls('contact')[0]).toMatchObject({
      url: 'https://api.example.com/api/v2/externalcontacts/contacts/enrich',
      headers: { Authorization: 'Bearer oauth-token-1' },
    });
  });

  it('puts mapped attributes where a contact has a text field of that name, others nowhere', async () => {
    const world = createWorld({
      attributeMap: { title: 'tier', workEmail: 'email', crmTier: 'tier', lastName: 'surname' },
    });
    await register(world, command({ profile: { ...jane, attributes: { surname: 'Roe' } } }));
    expect(contactSent(world)).toMatchObject({
      contact: { firstName: 'Jane', title: 'Enterprise', workEmail: jane.email, lastName: 'Roe' },
    });
    expect(JSON.stringify(contactSent(world))).not.toMatch(/otherEmail|crmTier/);
  });

  it.each<[string, RegisterCommand]>([
    ['without consent', command({ consent: { given: false, type: 'explicit' } })],
    ['of an anonymous visitor', command({ profile: anonymousProfile('a'.repeat(64), 'temp.com') })],
    ['of a record without customer id', command({ profile: { email: jane.email, anonymous: false } })],
  ])('tells Genesys nothing %s', async (_, request) => {
    const world = createWorld();
    const guest = await register(world, request);
    expect(guest.guestId).toMatch(uuid);
    expect(guest.degraded ?? false).toBe(false);
    expect(world.genesys.sent).toEqual([]);
  });

  it.each<[string, Reply]>([
    ['is limited', { status: 429, headers: { 'retry-after': '60' } }],
    ['is limited for the day', { status: 429, headers: { 'retry-after': '3600' } }],
    ['is refused', { status: 400 }],
    ['lacks a permission', { status: 403, body: { message: 'externalContacts:contact:enrich' } }],
    ['fails', { status: 500 }],
    ['hangs', 'hang'],
    ['answers garbage', { status: 200, body: 'garbage' }],
  ])('is degraded, never an error, when the contact call %s', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('contact', reply, reply, reply);
    const startedAt = world.clock.now();
    const guest = await register(world, command(), 6000);
    expect(guest).toMatchObject({ degraded: true, guestId: expect.stringMatching(uuid) });
    expect(world.clock.now() - startedAt).toBeLessThanOrEqual(5300);
    expect(world.telemetry.of('contact_degraded')).toHaveLength(1);
  });

  it.each<[string, Reply]>([
    ['refused credentials', { status: 401, body: { error: 'invalid_client' } }],
    ['limiting', { status: 429, headers: { 'retry-after': '60' } }],
    ['an outage', { status: 500 }],
  ])('is degraded, never an error, after %s at the token endpoint', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('oauth', reply);
    expect(await register(world)).toMatchObject({ degraded: true });
  });

  it('is degraded, and says so to the operator, while the secret holds no externalIdKey', async () => {
    const world = createWorld();
    world.credentials.state.known = { ...world.credentials.state.known, externalIdKey: undefined };
    expect(await register(world)).toMatchObject({ degraded: true });
    expect(world.telemetry.of('external_id_key_missing')).toHaveLength(1);
    expect(world.genesys.sent).toEqual([]);
  });

  it.each<[string, Reply]>([
    ['a lost connection', 'reset'],
    ['503', { status: 503 }],
    ['401', { status: 401 }],
    ['a short limit', { status: 429, headers: { 'retry-after': '1' } }],
  ])('tells Genesys again after %s: an upsert may be repeated', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('contact', reply);
    expect(await register(world)).toMatchObject({ degraded: false });
    expect(world.genesys.calls('contact')).toHaveLength(2);
  });
});

describe('registering again', () => {
  it('keeps guest and token when the profile has changed, and tells the contact', async () => {
    const world = createWorld();
    const previous = await registered(world, world.webMessaging);
    await world.clock.advance(60_000);
    const guest = await register(world, command({ previous, profileDigest: 'changed' }));
    expect(guest).toEqual({
      guestId: previous.guestId,
      sealedToken: previous.sealedToken,
      expiresAtMs: previous.expiresAtMs,
      degraded: false,
    });
    expect(world.genesys.calls('contact')).toHaveLength(2);
  });

  it('tells the contact nothing while the record’s digest is unchanged', async () => {
    const world = createWorld();
    const previous = await registered(world, world.webMessaging);
    await register(world, command({ previous }));
    expect(world.genesys.calls('contact')).toHaveLength(1);
  });

  it.each<[string, Partial<KnownGuest>]>([
    ['had not consented', { consent: { given: false, type: 'explicit' } }],
    ['was anonymous to it', { anonymous: true }],
    ['was registered by another provider', { provider: 'webchat-v1' }],
  ])('tells the contact about a customer who %s before', async (_, change) => {
    const world = createWorld();
    const previous = await registered(world, world.webMessaging);
    await register(world, command({ previous: { ...previous, ...change } }));
    expect(world.genesys.calls('contact')).toHaveLength(2);
  });

  it.each<[string, (previous: KnownGuest) => Partial<RegisterCommand>]>([
    ['the consent has changed', (previous) => ({ previous, consent: { given: true, type: 'implicit' } })],
    ['the token cannot be read', (previous) => ({ previous: { ...previous, sealedToken: 'v1.garbage' } })],
    ['another provider registered it', (previous) => ({ previous: { ...previous, provider: 'webchat-v1' } })],
    ['it has ended', (previous) => ({ previous: { ...previous, expiresAtMs: 0 } })],
  ])('mints anew when %s', async (_, change) => {
    const world = createWorld();
    const previous = await registered(world, world.webMessaging);
    const guest = await register(world, command(change(previous)));
    expect(guest.guestId).not.toBe(previous.guestId);
    expect(guest.sealedToken).not.toBe(previous.sealedToken);
  });
});

describe('the token', () => {
  it('comes with what a page passes to Messenger or a WebSocket client, and ends with the registry entry', async () => {
    const world = createWorld();
    const guest = await registered(world, world.webMessaging);
    expect(await issue(world, guest)).toEqual({
      accessToken: expect.stringMatching(uuid),
      expiresAt: '2026-05-16T10:00:00.000Z',
      messaging: {
        deploymentId: 'deployment-1',
        websocketUrl: 'wss://webmessaging.example.com/v1?deploymentId=deployment-1',
        customAttributes: { guestId: guest.guestId },
      },
    });
  });

  it('is the same each time and costs no call', async () => {
    const world = createWorld();
    const guest = await registered(world, world.webMessaging);
    const calls = world.genesys.sent.length;
    const [first, second] = [await issue(world, guest), await issue(world, guest)];
    expect(first).toEqual(second);
    expect(world.genesys.sent).toHaveLength(calls);
  });

  it('is unknown after the client secret was rotated, and for anybody else’s guest', async () => {
    const world = createWorld();
    const [guest, other] = [
      await registered(world, world.webMessaging),
      await registered(world, world.webMessaging),
    ];
    await expect(issue(world, { ...guest, sealedToken: other.sealedToken })).rejects.toBeInstanceOf(
      UnknownGuestError,
    );
    await expect(issue(world, { ...guest, sealedToken: undefined })).rejects.toBeInstanceOf(
      UnknownGuestError,
    );
    world.credentials.state.known = { ...world.credentials.state.known, clientSecret: 'rotated' };
    await expect(issue(world, guest)).rejects.toBeInstanceOf(UnknownGuestError);
    const again = await register(world, command({ previous: guest }));
    expect(again.guestId).not.toBe(guest.guestId);
  });

  it('is minted, not derived: nothing of the visitor is in what the page gets', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 5 }), async (crmId) => {
        const world = createWorld();
        const guest = await registered(world, world.webMessaging, command({ profile: { ...jane, crmId } }));
        const issued = JSON.stringify(await issue(world, guest));
        for (const text of [JSON.stringify(crmId).slice(1, -1), jane.email, jane.firstName, jane.tier]) {
          expect(issued).not.toContain(text);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('personal data', () => {
  it('is in no URL and in no telemetry field, even where Genesys echoes it', async () => {
    const body = { message: `${jane.email} ${jane.crmId}`, cause: jane.email, code: jane.email };
    const seen: string[] = [];
    for (const status of [200, 400, 401, 403, 429, 500, 503]) {
      const world = createWorld();
      world.genesys.script('contact', { status, body }, { status, body }, { status, body });
      const guest = await registered(world, world.webMessaging);
      const { accessToken } = await issue(world, guest);
      seen.push(JSON.stringify(world.telemetry.recorded), ...world.genesys.sent.map(({ url }) => url));
      expect(seen.join('\n').includes(accessToken)).toBe(false);
    }
    const all = seen.join('\n');
    const secrets = [jane.email, 'Jane', jane.crmId, 'client-secret', 'oauth-token-1'];
    expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
    expect(all).toContain('contact_degraded');
  });
});

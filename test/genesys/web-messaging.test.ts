import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createGuestReferences } from '../../lambda/genesys/guest-reference.ts';
import { seal } from '../../lambda/genesys/seal.ts';
import { GuestError, UnknownGuestError } from '../../lambda/guest/errors.ts';
import type { KnownGuest, RegisterCommand } from '../../lambda/guest/ports.ts';
import { identifySession } from '../../lambda/guest/session-hash.ts';
import {
  command,
  createWorld,
  explicit,
  guestTtlSeconds,
  issued,
  jane,
  registered,
  session,
  type World,
} from './world.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const mint = async (world: World, of = session, verified = false): Promise<KnownGuest> => {
  const guest = await world.within(8000, async (deadline) =>
    world.webMessaging.mint?.(of, { consent: explicit, verified }, deadline),
  );
  if (guest === undefined) throw new Error('The provider cannot mint.');
  return guest;
};
const register = (world: World, request: RegisterCommand) =>
  world.within(8000, (deadline) => world.webMessaging.register(request, deadline));
const issue = (world: World, guest: KnownGuest, of = session) => issued(world, world.webMessaging, guest, of);
/** The session of the same visitor, as a container with other hash keys knows it. */
const rekeyed = (sessionId: string) =>
  identifySession(sessionId, [{ id: '2026-11', key: new Uint8Array(32).fill(9) }]);

describe('minting a guest', () => {
  it('makes a random guest and a random token, the same never twice', async () => {
    const world = createWorld();
    const guests = [await mint(world), await mint(world)];
    const tokens = await Promise.all(guests.map((guest) => issue(world, guest)));
    const ids = [...guests.map(({ guestId }) => guestId), ...tokens.map(({ accessToken }) => accessToken)];
    for (const id of ids) expect(id).toMatch(uuid);
    expect(new Set(ids).size).toBe(4);
  });

  it('remembers what the visitor stated, and is good for as long as sessions keep their guest', async () => {
    const world = createWorld();
    expect(await mint(world, session, true)).toMatchObject({
      provider: 'web-messaging',
      profileDigest: '',
      anonymous: true,
      consent: explicit,
      verified: true,
      registeredAtMs: world.clock.now(),
      expiresAtMs: world.clock.now() + guestTtlSeconds * 1000,
    });
  });

  it('gives the registry the token encrypted only', async () => {
    const world = createWorld();
    const guest = await mint(world);
    const { accessToken } = await issue(world, guest);
    expect(JSON.stringify(guest)).not.toContain(accessToken);
  });

  it('is not done for a worker, who does not know the session that the token would be bound to', async () => {
    const world = createWorld();
    await expect(mint(world, { ...session, binding: undefined })).rejects.toBeInstanceOf(GuestError);
  });
});

describe('the visitor’s way', () => {
  it('makes no call to Genesys, for a new visitor, a known one, or one who is registered again', async () => {
    const world = createWorld();
    const guest = await mint(world);
    await issue(world, guest);
    await register(world, command({ previous: guest }));
    await register(world, command({ previous: guest, consent: { ...explicit, type: 'implicit' } }));
    expect(world.genesys.sent).toEqual([]);
    expect(world.webMessaging.guestHasProfile).toBe(false);
  });
});

describe('registering again', () => {
  it('keeps guest, token and end where consent and verification are as they were', async () => {
    const world = createWorld();
    const previous = await mint(world);
    await world.clock.advance(60_000);
    const profile = { ...jane, tier: 'Basic' };
    expect(await register(world, command({ previous, profile }))).toMatchObject({
      guestId: previous.guestId,
      sealedToken: previous.sealedToken,
      expiresAtMs: previous.expiresAtMs,
    });
  });

  it('keeps the guest where silence has become a statement to the same effect', async () => {
    const world = createWorld();
    const previous = { ...(await mint(world)), consent: { ...explicit, stated: false } };
    expect(await register(world, command({ previous }))).toMatchObject({ guestId: previous.guestId });
  });

  it.each<[string, (previous: KnownGuest) => Partial<RegisterCommand>]>([
    ['the consent has changed', (previous) => ({ previous, consent: { ...explicit, type: 'implicit' } })],
    ['the session has become verified', (previous) => ({ previous, verified: true })],
    ['the token cannot be read', (previous) => ({ previous: { ...previous, sealedToken: 'v1.garbage' } })],
    ['there is no token', (previous) => ({ previous: { ...previous, sealedToken: undefined } })],
    ['another provider registered it', (previous) => ({ previous: { ...previous, provider: 'webchat-v1' } })],
    ['there was none', () => ({})],
  ])('mints again when %s', async (_, change) => {
    const world = createWorld();
    const previous = await mint(world);
    const guest = await register(world, command(change(previous)));
    expect(guest.guestId).not.toBe(previous.guestId);
    expect(guest.sealedToken).not.toBe(previous.sealedToken);
  });
});

describe('the token', () => {
  it('comes with what a page passes to Messenger or a WebSocket client, and ends with the registry entry', async () => {
    const world = createWorld();
    const guest = await mint(world);
    expect(await issue(world, guest)).toEqual({
      accessToken: expect.stringMatching(uuid),
      expiresAt: '2026-05-16T10:00:00.000Z',
      messaging: {
        deploymentId: 'deployment-1',
        websocketUrl: 'wss://webmessaging.example.com/v1?deploymentId=deployment-1',
        customAttributes: { guestReference: expect.any(String) },
      },
    });
  });

  it('is the same each time, with another reference each time', async () => {
    const world = createWorld();
    const guest = await mint(world);
    const [first, second] = [await issue(world, guest), await issue(world, guest)];
    expect(first.accessToken).toBe(second.accessToken);
    expect(first.messaging?.customAttributes).not.toEqual(second.messaging?.customAttributes);
  });

  it('comes with a reference that names the session and its guest to whoever holds the secret', async () => {
    const world = createWorld();
    const guest = await mint(world);
    const { messaging } = await issue(world, guest);
    const references = createGuestReferences({
      ...world.credentials,
      refreshForForgery: async () => undefined,
    });
    const reference = messaging?.customAttributes['guestReference'] ?? '';
    expect(await world.within(8000, (deadline) => references.open(reference, deadline))).toEqual({
      hashes: session.hashes,
      guestId: guest.guestId,
    });
  });

  it('opens where an earlier release sealed it, for this session and guest', async () => {
    const world = createWorld();
    const { clientSecret } = world.credentials.state.known;
    const purpose = `guest-session-token:${session.binding}:guest-1`;
    const guest = {
      ...(await mint(world)),
      guestId: 'guest-1',
      sealedToken: seal('t', clientSecret, purpose),
    };
    expect((await issue(world, guest)).accessToken).toBe('t');
  });

  it('does not open for another session that was given a copy of the entry, nor for another guest', async () => {
    const world = createWorld();
    const guest = await mint(world);
    await expect(issue(world, guest, identifySession('another session', []))).rejects.toBeInstanceOf(
      UnknownGuestError,
    );
    const other = await mint(world);
    await expect(issue(world, { ...guest, sealedToken: other.sealedToken })).rejects.toBeInstanceOf(
      UnknownGuestError,
    );
    await expect(issue(world, { ...guest, guestId: other.guestId })).rejects.toBeInstanceOf(
      UnknownGuestError,
    );
    await expect(issue(world, { ...guest, sealedToken: undefined })).rejects.toBeInstanceOf(
      UnknownGuestError,
    );
    expect(world.telemetry.of('guest_token_unreadable')).toHaveLength(4);
  });

  it('opens for the same session after the hash key was rotated', async () => {
    const world = createWorld();
    const guest = await mint(world);
    const [before, after] = [
      await issue(world, guest),
      await issue(world, guest, rekeyed('session-of-jane')),
    ];
    expect(after.accessToken).toBe(before.accessToken);
  });

  it('does not open after the client secret was rotated: the guest is minted again', async () => {
    const world = createWorld();
    const guest = await mint(world);
    const { state } = world.credentials;
    state.stored = { ...state.known, clientSecret: 'rotated' };
    state.known = state.stored;
    await expect(issue(world, guest)).rejects.toBeInstanceOf(UnknownGuestError);
    const again = await registered(world, world.webMessaging, command({ previous: guest }));
    expect(again.guestId).not.toBe(guest.guestId);
    expect((await issue(world, again)).accessToken).toMatch(uuid);
  });

  it('opens in a container that has not heard of the rotation which it was sealed after', async () => {
    const [rotated, stale] = [createWorld(), createWorld()];
    const { state } = rotated.credentials;
    state.stored = { ...state.known, clientSecret: 'rotated' };
    state.known = state.stored;
    stale.credentials.state.stored = state.stored;
    const guest = await mint(rotated);
    const { accessToken } = await issue(rotated, guest);
    expect((await issue(stale, guest)).accessToken).toBe(accessToken);
    expect(stale.credentials.state.refreshes).toBe(1);
    expect(stale.telemetry.of('guest_token_unreadable')).toEqual([]);
  });

  it('is minted, not derived: nothing of the visitor is in what the page gets', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[a-zA-Z0-9]{12,40}$/), async (sessionId) => {
        const world = createWorld();
        const of = identifySession(sessionId, []);
        const text = JSON.stringify(await issue(world, await mint(world, of), of));
        for (const secret of [sessionId, of.hashes[0], of.hashes[0].slice(0, 8)]) {
          expect(text).not.toContain(secret);
        }
      }),
      { numRuns: 25 },
    );
  });
});

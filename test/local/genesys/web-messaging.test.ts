import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type GenesysSimulator, startGenesysSimulator } from '../../../local/genesys-simulator.ts';
import { connectMessaging, deploymentId, type MessagingClient } from '../../support/messaging-client.ts';

const shop = 'https://www.shop.example';
const token = '3f0c9b52-8c1e-4c1e-9d0a-6a3f5b0c7d11';
const uuid = expect.stringMatching(/^[\da-f-]{36}$/);

describe('the Web Messaging WebSocket of the simulator', () => {
  let genesys: GenesysSimulator;
  let nowMs: number;
  const clients: MessagingClient[] = [];
  beforeEach(async () => {
    nowMs = Date.parse('2026-05-15T10:00:00Z');
    genesys = await startGenesysSimulator({ messagingOrigins: [shop], now: () => nowMs });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await genesys.close();
  });
  const connect = async (options: Parameters<typeof connectMessaging>[1] = {}) => {
    const client = await connectMessaging(genesys.messagingUrl, { origin: shop, ...options });
    clients.push(client);
    return client;
  };
  const errorOf = (code: number) => ({
    type: 'response',
    class: 'string',
    code,
    body: expect.any(String),
  });

  describe('at the handshake', () => {
    it('lets in the origins of the deployment only', async () => {
      await connect();
      await expect(connect({ origin: 'https://evil.example' })).rejects.toThrow('refused with 403');
      await expect(connectMessaging(genesys.messagingUrl)).rejects.toThrow('refused with 403');
      genesys.control.change({ messagingOrigins: '*' });
      await connect({ origin: 'https://evil.example' });
      genesys.control.change({ messagingOrigins: 'loopback' });
      await connect({ origin: 'http://localhost:5173' });
      await connectMessaging(genesys.messagingUrl).then((client) => client.close());
      for (const origin of ['https://evil.example', 'http://localhost.evil.example:5173', 'null']) {
        await expect(connect({ origin })).rejects.toThrow('refused with 403');
      }
    });

    it('refuses unknown deployments and paths, and too many connections a minute', async () => {
      await expect(connect({ deployment: 'other' })).rejects.toThrow('refused with 400');
      await expect(connectMessaging(`${genesys.messagingUrl}/v2`, { origin: shop })).rejects.toThrow(
        'refused with 404',
      );
      genesys.control.change({ connectionsPerMinute: 2 });
      await connect();
      await connect();
      await expect(connect()).rejects.toThrow('refused with 429');
      nowMs += 60_000;
      await connect();
    });
  });

  describe('a session', () => {
    it('opens under a token that the client has chosen', async () => {
      const client = await connect();
      expect(await client.configure(token, { tracingId: 'trace-1' })).toEqual({
        type: 'response',
        class: 'SessionResponse',
        code: 200,
        tracingId: 'trace-1',
        body: {
          connected: true,
          newSession: true,
          readOnly: false,
          clearedExistingSession: false,
          maxCustomDataBytes: 2048,
          allowedMedia: { inbound: { fileTypes: [] } },
          blockedExtensions: [],
          durationSeconds: 259_200,
          expirationDate: nowMs / 1000 + 259_200,
        },
      });
    });

    it('is resumed by whoever reconnects with its token, and goes on with its conversation', async () => {
      const first = await connect();
      await first.configure(token);
      await first.say(token, 'hello');
      first.close();
      const second = await connect();
      expect((await second.configure(token)).body).toMatchObject({ newSession: false });
      await second.say(token, 'me again');
      expect(genesys.conversations.size).toBe(1);
      const [conversation] = genesys.conversations.values();
      expect(conversation?.messages.map(({ text }) => text)).toEqual(['hello', 'me again']);
    });

    it('is another one under an altered token', async () => {
      const first = await connect();
      await first.configure(token);
      await first.say(token, 'hello');
      const other = await connect();
      const altered = token.replace('3', '4');
      expect((await other.configure(altered)).body).toMatchObject({ newSession: true });
      await other.say(altered, 'hello');
      expect(genesys.conversations.size).toBe(2);
    });

    it('expires, and can then only be started anew', async () => {
      genesys.control.change({ messagingSessionSeconds: 60 });
      const client = await connect();
      await client.configure(token);
      await client.say(token, 'hello');
      nowMs += 60_000;
      expect(await client.say(token, 'too late')).toMatchObject(errorOf(4006));
      const back = await connect();
      expect(await back.configure(token)).toMatchObject({ class: 'SessionExpiredEvent', body: {} });
      expect(await back.configure(token, { startNew: true })).toMatchObject({
        class: 'SessionResponse',
        body: { newSession: true, clearedExistingSession: true },
      });
      expect(await client.next()).toMatchObject({ type: 'message', class: 'ConnectionClosedEvent' });
      await client.closed();
      await back.say(token, 'hello');
      expect(genesys.conversations.size).toBe(2);
    });

    it('needs the deployment of its connection, and stays with it', async () => {
      const client = await connect();
      const wrong = { action: 'configureSession', token, deploymentId: 'other' };
      expect(await client.ask(wrong)).toMatchObject(errorOf(403));
    });

    it('ends its oldest connection when there are too many', async () => {
      genesys.control.change({ connectionsPerSession: 1 });
      const first = await connect();
      await first.configure(token);
      const second = await connect();
      await second.configure(token);
      expect(await first.next()).toEqual({
        type: 'message',
        class: 'ConnectionClosedEvent',
        code: 200,
        body: {},
      });
      await first.closed();
    });

    it('is closed on demand, on all connections if so asked', async () => {
      const [first, second] = [await connect(), await connect()];
      for (const client of [first, second]) await client.configure(token);
      first.send({ action: 'closeSession', token, closeAllConnections: true });
      for (const client of [first, second]) {
        expect(await client.next()).toMatchObject({ class: 'ConnectionClosedEvent' });
        await client.closed();
      }
    });
  });

  describe('messages', () => {
    it('are confirmed to every connection of the session, with their tracing id', async () => {
      const [page, phone] = [await connect(), await connect()];
      for (const client of [page, phone]) await client.configure(token);
      const message = { type: 'Text', text: 'hello' };
      const confirmed = await page.ask({ action: 'onMessage', token, message, tracingId: 'm-1' });
      expect(confirmed).toEqual({
        type: 'message',
        class: 'StructuredMessage',
        code: 200,
        tracingId: 'm-1',
        body: {
          id: uuid,
          type: 'Text',
          text: 'hello',
          direction: 'Inbound',
          channel: {
            time: '2026-05-15T10:00:00.000Z',
            messageId: uuid,
            type: 'Private',
            to: {},
            from: {},
          },
        },
      });
      expect(await phone.next()).toEqual(confirmed);
    });

    it('carry custom attributes into the participant data, under the prefix of the organisation', async () => {
      const client = await connect();
      await client.configure(token);
      await client.say(token, 'hello', { guestReference: 'sealed', cart: '3' });
      const [conversation] = genesys.conversations.values();
      expect(conversation?.attributes).toEqual({ 'context.guestReference': 'sealed', 'context.cart': '3' });
    });

    it('of an agent reach every connection', async () => {
      const [page, phone] = [await connect(), await connect()];
      for (const client of [page, phone]) await client.configure(token);
      await page.say(token, 'hello');
      await phone.next();
      const [id = ''] = genesys.conversations.keys();
      expect(genesys.desktop.reply(id, 'Hello, Jane!')).toBe(true);
      for (const client of [page, phone]) {
        expect(await client.next()).toMatchObject({
          type: 'message',
          class: 'StructuredMessage',
          body: { text: 'Hello, Jane!', direction: 'Outbound', originatingEntity: 'Human' },
        });
      }
    });

    it('need a configured session', async () => {
      const client = await connect();
      expect(await client.say(token, 'hello')).toMatchObject(errorOf(4007));
      await client.configure(token);
      expect(await client.say('another', 'hello')).toMatchObject(errorOf(4007));
      expect(genesys.conversations.size).toBe(0);
    });

    it('are at most five in a second', async () => {
      const client = await connect();
      await client.configure(token);
      for (let count = 0; count < 5; count += 1) await client.say(token, `${count}`);
      expect(await client.say(token, 'one too many')).toEqual({
        type: 'response',
        class: 'TooManyRequestsErrorMessage',
        code: 429,
        body: { retryAfter: 1, errorCode: 4029, errorMessage: expect.any(String) },
        tracingId: uuid,
      });
      nowMs += 1000;
      expect(await client.say(token, 'later')).toMatchObject({ class: 'StructuredMessage' });
    });

    it('begin a conversation by joining, and leave it by clearing', async () => {
      const client = await connect();
      await client.configure(token);
      const event = (presence: string) => ({
        action: 'onMessage',
        token,
        message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: presence } }] },
      });
      client.send(event('Join'));
      expect(await client.ask(event('Clear'))).toMatchObject({ class: 'SessionClearedEvent' });
      await client.say(token, 'hello');
      expect([...genesys.conversations.values()].map(({ messages }) => messages.length)).toEqual([0, 1]);
    });
  });

  it('answers an echo with its text', async () => {
    const client = await connect();
    await client.configure(token);
    const echo = { action: 'echo', token, message: { type: 'Text', text: 'ping' }, tracingId: 'health' };
    expect(await client.ask(echo)).toMatchObject({
      type: 'response',
      class: 'StructuredMessage',
      tracingId: 'health',
      body: { text: 'ping', direction: 'Inbound' },
    });
  });

  it('allows sixty configurations a minute', async () => {
    const client = await connect();
    for (let count = 0; count < 60; count += 1) await client.configure(token, { startNew: count % 2 > 0 });
    expect(await client.configure(token)).toMatchObject({ code: 429, body: { retryAfter: 60 } });
  });

  describe('is strict:', () => {
    const message = (change: object) => ({
      action: 'onMessage',
      token,
      message: { type: 'Text', text: 'hello', ...change },
    });
    const attributes = (bytes: number) => ({
      channel: { metadata: { customAttributes: { x: 'é'.repeat((bytes - '{"x":""}'.length) / 2) } } },
    });

    it.each<[string, unknown, number]>([
      ['text that is not JSON', '{', 400],
      ['JSON that is not a request', '[1]', 400],
      ['an unknown action', { action: 'register', token }, 400],
      ['an unknown field', { action: 'configureSession', token, deploymentId, guest: 1 }, 400],
      ['a missing deployment', { action: 'configureSession', token }, 4020],
      ['a missing token', { action: 'configureSession', deploymentId }, 4020],
      ['an overlong token', { action: 'configureSession', token: 'x'.repeat(2049), deploymentId }, 400],
      ['a feature that it does not have', { action: 'getJwt', token }, 4000],
      ['text of 4,097 characters', message({ text: 'x'.repeat(4097) }), 4011],
      ['custom attributes of 2,050 bytes', message(attributes(2050)), 4013],
      [
        'a custom attribute that is not text',
        message({ channel: { metadata: { customAttributes: { x: 1 } } } }),
        400,
      ],
    ])('%s', async (_, request, code) => {
      const client = await connect();
      await client.configure(token);
      expect(await client.ask(request)).toMatchObject(errorOf(code));
      expect(genesys.conversations.size).toBe(0);
    });

    it('custom attributes of 2,048 bytes and text of 4,096 characters are taken', async () => {
      const client = await connect();
      await client.configure(token);
      const longest = message({ text: 'x'.repeat(4096), ...attributes(2048) });
      expect(await client.ask(longest)).toMatchObject({ class: 'StructuredMessage', code: 200 });
    });

    it('binary frames close the connection', async () => {
      const client = await connect();
      client.sendBinary();
      await client.closed();
    });
  });

  it('forgets sessions and conversations with everything else', async () => {
    const client = await connect();
    await client.configure(token);
    await client.say(token, 'hello');
    await fetch(`${genesys.url}/_control/reset`, { method: 'POST' });
    expect(await client.next()).toMatchObject({ class: 'ConnectionClosedEvent' });
    expect(genesys.conversations.size).toBe(0);
    const back = await connect();
    expect((await back.configure(token)).body).toMatchObject({ newSession: true });
  });
});

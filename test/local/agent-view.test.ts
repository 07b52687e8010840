import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { buildFunctions } from '../../local/build.ts';
import { localSecret } from '../../local/function-environment.ts';
import { type LocalStack, startLocalStack } from '../../local/local-stack.ts';
import { connectMessaging, type MessagingClient } from '../support/messaging-client.ts';

interface Opened {
  readonly accessToken: string;
  readonly messaging: {
    readonly websocketUrl: string;
    readonly customAttributes: Readonly<Record<string, string>>;
  };
}

const post = async <T>(stack: LocalStack, body: object, headers = {}): Promise<T> => {
  const response = await fetch(stack.description.apiUrl, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
};

/** The header that the website's own server adds. */
const signed = (sessionId: string) => {
  const [key = ''] = JSON.parse(localSecret).sessionSigningKeys;
  const seconds = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', Buffer.from(key, 'base64')).update(`${seconds}.${sessionId}`).digest('hex');
  return { 'X-Session-Signature': `t=${seconds},v1=${v1}` };
};

// Processes and browsers of their own take their time on a busy machine.
jest.setTimeout(120_000);

describe('from the website to the agent, through everything that is built', () => {
  let stack: LocalStack;
  const errors: string[] = [];
  const lines: string[] = [];
  const clients: MessagingClient[] = [];
  beforeAll(async () => {
    stack = await startLocalStack({
      provider: 'web-messaging',
      settings: { SESSION_VERIFICATION: 'optional', LOG_LEVEL: 'DEBUG' },
      bundles: await buildFunctions(),
      onLine: (line) => lines.push(line),
      onError: (error) => errors.push(String(error)),
    });
  });
  afterAll(() => stack?.close());
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  /** What no log may hold. */
  const secrets: string[] = [];
  const open = async (sessionId: string, consentGiven = true, headers = {}): Promise<Opened> => {
    const opened = await post<Opened>(stack, { sessionId, consentGiven }, headers);
    secrets.push(sessionId, opened.accessToken, ...Object.values(opened.messaging.customAttributes));
    return opened;
  };
  /** Connects by the very URL that the API has given out. */
  const write = async (
    { messaging }: Opened,
    token: string,
    customAttributes = messaging.customAttributes,
  ): Promise<MessagingClient> => {
    const { origin } = new URL(messaging.websocketUrl.replace(/^ws/, 'http'));
    const client = await connectMessaging(origin.replace(/^http/, 'ws'), { origin: stack.description.url });
    clients.push(client);
    await client.configure(token);
    await client.say(token, 'hello', customAttributes);
    return client;
  };
  const desk = async () => {
    for (;;) {
      const [latest] = stack.genesys.desktop.view().conversations;
      if (latest?.state === 'queue') return latest;
      await new Promise((done) => setTimeout(done, 5));
    }
  };

  it('a customer writes: the agent sees name, tier, tickets and contact, and answers', async () => {
    const calls = stack.genesys.calls.length;
    const opened = await open('demo-jane');
    expect(stack.genesys.calls).toHaveLength(calls);
    const visitor = await write(opened, opened.accessToken);
    const { id, guest, contact } = await desk();
    expect(guest).toMatchObject({
      found: 'true',
      verified: 'false',
      consentGiven: 'true',
      enrichment: 'matched',
      firstName: 'Jane',
      crmTier: 'Enterprise',
      historicalTickets: '12',
    });
    expect(contact).toEqual({ id: guest['externalContactId'], firstName: 'Jane' });
    expect(stack.genesys.desktop.reply(id, 'Hello, Jane!')).toBe(true);
    expect(await visitor.next()).toMatchObject({ body: { text: 'Hello, Jane!' } });
    expect(errors).toEqual([]);
  });

  it('a reference in a second conversation, or an altered one, shows a stranger', async () => {
    const opened = await open('demo-jane');
    await write(opened, 'token-1');
    expect((await desk()).guest).toMatchObject({ firstName: 'Jane' });
    await write(opened, 'token-2');
    expect((await desk()).guest).toEqual({ found: 'false' });
    const { guestReference = '' } = (await open('demo-jane')).messaging.customAttributes;
    const altered = `${guestReference.slice(0, -4)}AAAA`;
    await write(opened, 'token-3', { guestReference: altered });
    expect((await desk()).guest).toEqual({ found: 'false' });
    expect(errors).toEqual([]);
  });

  it('types of attributes reach the flow as its data action declares them', async () => {
    const opened = await open('demo-attributes');
    await write(opened, opened.accessToken);
    expect((await desk()).guest).toMatchObject({ firstName: 'Amélie', preferredLanguage: 'fr', vip: 'true' });
    expect(errors).toEqual([]);
  });

  it('a visitor whom nobody knows, and one who has declined, are shown with nothing of a customer', async () => {
    const stranger = await open('demo-unknown');
    await write(stranger, stranger.accessToken);
    const shown = await desk();
    expect(shown.guest).toMatchObject({ found: 'true', enrichment: 'not_found' });
    expect(Object.keys(shown.guest)).not.toEqual(expect.arrayContaining(['firstName']));
    expect(Object.keys(shown.guest)).not.toEqual(expect.arrayContaining(['email']));
    const declined = await open('demo-no-consent', false);
    await write(declined, declined.accessToken);
    const { guest } = await desk();
    expect(guest).toMatchObject({ found: 'true', consentGiven: 'false', enrichment: 'no_consent' });
    for (const name of ['firstName', 'email', 'crmTier', 'externalContactId']) {
      expect(guest).not.toHaveProperty(name);
    }
    expect(errors).toEqual([]);
  });

  it('a session that the website has signed is shown as verified', async () => {
    const opened = await open('demo-nameless', true, signed('demo-nameless'));
    await write(opened, opened.accessToken);
    expect((await desk()).guest).toMatchObject({ found: 'true', verified: 'true', crmTier: 'Pro' });
  });

  it('no line that a function writes holds a session id, a token, a reference or a customer', () => {
    const text = lines.join('\n');
    expect(lines.length).toBeGreaterThan(0);
    expect(secrets.length).toBeGreaterThan(10);
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    expect(text).not.toMatch(/jane\.doe|purchasing@|amelie@|Amélie/);
  });
});

describe('with webchat-v1', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    stack = await startLocalStack({
      bundles: await buildFunctions(),
      settings: { SESSION_VERIFICATION: 'optional' },
    });
  });
  afterAll(() => stack?.close());

  it('the guest itself tells the agent, and whether its session was verified', async () => {
    await post(stack, { sessionId: 'demo-jane' });
    await post(stack, { sessionId: 'demo-nameless' }, signed('demo-nameless'));
    expect(stack.genesys.desktop.view().guests).toMatchObject([
      { name: 'Anonymous Visitor', attributes: { crmTier: 'Pro', sessionVerified: true } },
      { name: 'Jane', attributes: { crmTier: 'Enterprise', historicalTickets: 12, sessionVerified: false } },
    ]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type GenesysSimulator, startGenesysSimulator } from '../../local/genesys-simulator.ts';

const credentials = { clientId: 'client', clientSecret: 'a:secret' };
const guest = {
  name: 'Jane',
  email: 'jane@shop.example',
  consentGiven: true,
  consentType: 'explicit',
  attributes: { crmTier: 'Enterprise', historicalTickets: 12, vip: true },
};
const bothScopes = 'webchat:guest:write webchat:token:write';

describe('the Genesys simulator', () => {
  let genesys: GenesysSimulator;
  let nowMs: number;
  beforeEach(async () => {
    nowMs = Date.parse('2026-05-15T10:00:00Z');
    genesys = await startGenesysSimulator({ credentials, now: () => nowMs });
  });
  afterEach(() => genesys.close());

  const form = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${genesys.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(fields), headers });
  const inBody = { client_id: 'client', client_secret: 'a:secret', grant_type: 'client_credentials' };
  const tokenFor = async (scope: string): Promise<string> => {
    const answer = (await (await form({ ...inBody, scope })).json()) as { access_token: string };
    return answer.access_token;
  };
  const post = (path: string, token: string, body: unknown, method = 'POST') =>
    fetch(`${genesys.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
    });
  const createGuest = (token: string, body: unknown = guest) =>
    post('/api/v2/webchat/v1/guests', token, body);

  describe('token endpoint', () => {
    it('grants what was asked for, with credentials in the body', async () => {
      const answer = await form({ ...inBody, scope: bothScopes });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({
        access_token: expect.stringMatching(/^[\w-]{86}$/),
        token_type: 'bearer',
        expires_in: 86_400,
        scope: bothScopes,
      });
    });

    it('accepts HTTP Basic, and only where the organisation does', async () => {
      const authorization = `Basic ${Buffer.from('client:a:secret').toString('base64')}`;
      const grant = { grant_type: 'client_credentials' };
      expect((await form(grant, { authorization })).status).toBe(200);
      expect((await form(inBody, { authorization })).status).toBe(400);
      genesys.control.change({ clientAuthentication: 'body' });
      expect((await form(grant, { authorization })).status).toBe(401);
      genesys.control.change({ clientAuthentication: 'basic' });
      expect((await form(inBody)).status).toBe(401);
    });

    it('insists on a form', async () => {
      const json = await fetch(`${genesys.url}/oauth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(inBody),
      });
      expect(json.status).toBe(415);
      const jsonAsForm = await fetch(`${genesys.url}/oauth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: JSON.stringify(inBody),
      });
      expect(jsonAsForm.status).toBe(400);
      expect(await jsonAsForm.json()).toMatchObject({ error: 'invalid_request' });
    });

    it.each([
      [{ grant_type: 'password' }, 'unsupported_grant_type', 400],
      [{ client_secret: 'wrong' }, 'invalid_client', 401],
    ])('refuses %j with %s', async (change, error, status) => {
      const answer = await form({ ...inBody, ...change });
      expect(answer.status).toBe(status);
      expect(await answer.json()).toEqual({
        error,
        description: expect.any(String),
        error_description: expect.any(String),
      });
    });

    it('answers invalid_client with 400 where it is told to', async () => {
      genesys.control.change({ invalidClientStatus: 400 });
      expect((await form({ ...inBody, client_secret: 'wrong' })).status).toBe(400);
    });

    it('limits as 400 invalid_request', async () => {
      genesys.control.change({ oauthPerMinute: 1 });
      expect((await form(inBody)).status).toBe(200);
      const limited = await form(inBody);
      expect(limited.status).toBe(400);
      expect(limited.headers.get('retry-after')).toBe('60');
      expect(await limited.json()).toMatchObject({
        error: 'invalid_request',
        description: expect.stringMatching(/^rate limit exceeded;/),
      });
    });
  });

  describe('guests', () => {
    it('creates a guest and issues tokens for it', async () => {
      const token = await tokenFor(bothScopes);
      const created = await createGuest(token);
      expect(created.status).toBe(201);
      const { id } = (await created.json()) as { id: string };
      const issued = await post(`/api/v2/webchat/v1/guests/${id}/tokens`, token, {});
      expect(issued.status).toBe(200);
      expect(await issued.json()).toEqual({
        token: expect.any(String),
        expires_at: '2026-05-15T11:00:00.000Z',
      });
      expect(genesys.guests.get(id)).toMatchObject({ ...guest, tokens: 1 });
      expect(genesys.counts).toMatchObject({ oauth: 1, guest: 1, guest_token: 1 });
      expect(genesys.calls.map(({ method, status }) => [method, status])).toEqual([
        ['POST', 200],
        ['POST', 201],
        ['POST', 200],
      ]);
    });

    it('answers 404 for a token of an unknown guest', async () => {
      const token = await tokenFor(bothScopes);
      expect((await post('/api/v2/webchat/v1/guests/nobody/tokens', token, {})).status).toBe(404);
    });

    it.each([
      ['email', { email: 'jane' }],
      ['email', { email: 'jane@localhost' }],
      ['name', { name: ' ' }],
      ['consentGiven', { consentGiven: 'true' }],
      ['consentType', { consentType: 'maybe' }],
      ['attributes.x', { attributes: { x: null } }],
      ['attributes.x', { attributes: { x: { y: 1 } } }],
      ['extra', { extra: 1 }],
    ])('refuses a bad %s: %j', async (field, change) => {
      const answer = await createGuest(await tokenFor(bothScopes), { ...guest, ...change });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({
        code: 'invalid.value',
        status: 400,
        message: expect.stringContaining(field),
        contextId: expect.any(String),
        details: [{ errorCode: 'invalid.value', fieldName: field }],
        errors: [],
      });
      expect(genesys.guests.size).toBe(0);
    });

    it('names consent when it refuses a guest for lack of it', async () => {
      genesys.control.change({ requireConsent: true });
      const token = await tokenFor(bothScopes);
      const answer = await createGuest(token, { ...guest, consentGiven: false });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'consent.required' });
      expect((await createGuest(token)).status).toBe(201);
    });
  });

  describe('authorisation', () => {
    it('refuses missing, unknown, expired and revoked tokens with 401', async () => {
      const bare = await fetch(`${genesys.url}/api/v2/webchat/v1/guests`, { method: 'POST' });
      expect(bare.status).toBe(401);
      expect((await createGuest('made-up')).status).toBe(401);
      genesys.control.change({ tokenLifetimeSeconds: 61 });
      const token = await tokenFor(bothScopes);
      nowMs += 60_999;
      expect((await createGuest(token)).status).toBe(201);
      nowMs += 1;
      expect((await createGuest(token)).status).toBe(401);
      const another = await tokenFor(bothScopes);
      genesys.control.revokeTokens();
      expect((await createGuest(another)).status).toBe(401);
    });

    it('names the missing scope in a 403', async () => {
      const answer = await createGuest(await tokenFor('webchat:token:write'));
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({
        message: expect.stringContaining('webchat:guest:write'),
        cause: 'missing scope: webchat:guest:write',
      });
    });

    it('names the missing permission in a 403', async () => {
      genesys.control.change({ permissions: [] });
      const answer = await post('/api/v2/externalcontacts/contacts/enrich', await tokenFor(''), {});
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({
        cause: 'missing permission: externalContacts:contact:enrich',
      });
    });

    it('answers 404 for other paths and 405 for other methods', async () => {
      const token = await tokenFor(bothScopes);
      expect((await post('/api/v2/webchat/v2/guests', token, guest)).status).toBe(404);
      expect((await post('/api/v2/webchat/v1/guests', token, guest, 'DELETE')).status).toBe(405);
    });
  });

  it('limits a client by the minute, with the published headers and body', async () => {
    genesys.control.change({ apiPerMinute: 2 });
    const token = await tokenFor(bothScopes);
    const first = await createGuest(token);
    nowMs += 18_000;
    await createGuest(token);
    const limited = await createGuest(token);
    const quota = ({ headers }: Response) =>
      ['count', 'allowed', 'reset'].map((name) => headers.get(`inin-ratelimit-${name}`));
    expect(quota(first)).toEqual(['1', '2', '60']);
    expect(first.headers.get('inin-correlation-id')).toMatch(/^[\da-f-]{36}$/);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '42']);
    expect(quota(limited)).toEqual(['3', '2', '42']);
    expect(await limited.json()).toEqual({
      message: 'Rate limit exceeded the maximum. Retry the request in [42] seconds',
      code: 'too.many.requests.retry.after',
      status: 429,
      contextId: expect.any(String),
      details: [],
      errors: [],
    });
    nowMs += 42_000;
    expect((await createGuest(token)).status).toBe(201);
  });
});

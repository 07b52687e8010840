import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type GenesysSimulator, startGenesysSimulator } from '../../local/genesys-simulator.ts';

const breath = () => new Promise((resolve) => setTimeout(resolve, 5));

const guest = { name: 'J', email: 'j@shop.example', consentGiven: true, consentType: 'explicit' };

describe('faults of the Genesys simulator', () => {
  let genesys: GenesysSimulator;
  let token: string;
  let aheadMs = 0;
  beforeAll(async () => {
    genesys = await startGenesysSimulator({ apiPerMinute: null, now: () => Date.now() + aheadMs });
  });
  afterAll(() => genesys.close());
  afterEach(() => genesys.control.reset());

  const authorise = async (): Promise<void> => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'local-client',
      client_secret: 'local-client-secret',
      scope: 'webchat:guest:write webchat:token:write',
    });
    const answer = await fetch(`${genesys.url}/oauth/token`, { method: 'POST', body });
    token = ((await answer.json()) as { access_token: string }).access_token;
  };
  const create = (signal?: AbortSignal) =>
    fetch(`${genesys.url}/api/v2/webchat/v1/guests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(guest),
      ...(signal === undefined ? {} : { signal }),
    });

  it('spoils as many calls of one endpoint as it is told to', async () => {
    genesys.control.addFaults({ endpoint: 'guest', kind: 'status', status: 502, calls: 2 });
    await authorise();
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await create()).status);
    expect(statuses).toEqual([502, 502, 201]);
    expect(genesys.guests.size).toBe(1);
  });

  it('is slow', async () => {
    await authorise();
    genesys.control.addFaults({ latencyMs: 60 });
    const startedAt = performance.now();
    expect((await create()).status).toBe(201);
    expect(performance.now() - startedAt).toBeGreaterThan(55);
  });

  it.each(['reset-early', 'reset'] as const)('breaks the connection (%s) without a guest', async (kind) => {
    await authorise();
    genesys.control.addFaults({ kind, calls: 1 });
    await expect(create()).rejects.toThrow();
    expect(genesys.guests.size).toBe(0);
    expect(genesys.calls.at(-1)).toMatchObject({ endpoint: 'guest', status: 0 });
  });

  it('loses the answer of a guest that it has created', async () => {
    await authorise();
    genesys.control.addFaults({ kind: 'reset-after', calls: 1 });
    await expect(create()).rejects.toThrow();
    expect(genesys.guests.size).toBe(1);
  });

  /** Gives a call up as soon as the simulator has read it. */
  const createAndLeave = async (): Promise<void> => {
    const leaving = new AbortController();
    const before = genesys.counts.guest;
    const created = create(leaving.signal);
    const left = expect(created).rejects.toThrow('left');
    while (genesys.counts.guest === before || genesys.calls.at(-1)?.body === '') await breath();
    await breath();
    leaving.abort(new Error('left'));
    await left;
  };

  it('hangs, before or after the work', async () => {
    await authorise();
    genesys.control.addFaults({ kind: 'hang', calls: 1 }, { kind: 'hang-after', calls: 1 });
    await createAndLeave();
    expect(genesys.guests.size).toBe(0);
    await createAndLeave();
    expect(genesys.guests.size).toBe(1);
  });

  it('answers garbage', async () => {
    await authorise();
    genesys.control.addFaults({ kind: 'garbage', calls: 1 });
    await expect((await create()).json()).rejects.toThrow();
  });

  it('limits for some seconds, with the Retry-After that it is told to send', async () => {
    await authorise();
    genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 100 });
    aheadMs += 99_500;
    const limited = await create();
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
    aheadMs += 100_000;
    expect((await create()).status).toBe(201);
    genesys.control.addFaults({ kind: 'limited', retryAfter: 'soon', calls: 1 });
    expect((await create()).headers.get('retry-after')).toBe('soon');
    genesys.control.addFaults({ kind: 'limited', retryAfter: '', calls: 1 });
    expect((await create()).headers.has('retry-after')).toBe(false);
  });

  it('is controlled over HTTP too', async () => {
    const control = (path: string, method: string, body?: unknown) =>
      fetch(`${genesys.url}/_control/${path}`, { method, body: JSON.stringify(body) ?? null });
    const fault = { endpoint: 'guest', kind: 'status', status: 503, headers: { 'retry-after': '7' } };
    expect((await control('faults', 'POST', [fault])).status).toBe(204);
    await authorise();
    expect((await create()).headers.get('retry-after')).toBe('7');
    await control('faults', 'DELETE');
    await control('settings', 'POST', { requireConsent: true });
    expect((await create()).status).toBe(201);
    expect(await (await control('calls', 'GET')).json()).toMatchObject({
      counts: { oauth: 1, guest: 2, guest_token: 0 },
      calls: [{ endpoint: 'oauth', status: 200 }, { status: 503 }, { status: 201 }],
    });
    expect(await (await control('guests', 'GET')).json()).toMatchObject({ guests: [{ name: 'J' }] });
    expect((await control('reset', 'POST')).status).toBe(204);
    expect(genesys.calls).toEqual([]);
    const wrong = await control('faults', 'POST', { kind: 'explode' });
    expect([wrong.status, await wrong.json()]).toMatchObject([
      400,
      { message: expect.stringMatching(/^kind: /) },
    ]);
  });
});

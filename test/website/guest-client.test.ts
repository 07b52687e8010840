import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ClientWorld,
  init,
  makeClient,
  startClientWorld,
  states,
  stored,
} from './support/client-world.ts';
import type { TestPage } from './support/website.ts';

describe("the website's client, in a real browser against the local stack", () => {
  let world: ClientWorld;
  beforeAll(async () => {
    world = await startClientWorld({ settings: { INIT_BUDGET_MS: '4000' } });
  }, 120_000);
  afterEach(() => world.leave());
  afterAll(() => world?.stop());

  it.each(['/', '/module'])('obtains a guest at a first visit (%s)', async (path) => {
    const page = await world.visitor({}, path);
    const { guest } = await init(page);
    expect([...world.stack.genesys.guests.keys()]).toContain(guest?.guestId);
    expect(guest).toMatchObject({
      enrichment: 'not_found',
      accessToken: expect.stringMatching(/^[\w-]{86}$/),
    });
    expect(JSON.parse(world.edge.posts()[0]?.body ?? '')).toEqual({
      sessionId: expect.stringMatching(/^[0-9a-f]{32}$/),
      consentGiven: true,
    });
    expect((await states(page)).map(({ name }) => name)).toEqual(['idle', 'idle', 'asking', 'ready']);
  });

  it('keeps the guest through a reload, and asks Genesys for nothing but a new token', async () => {
    const page = await world.visitor();
    const first = await init(page);
    world.stack.genesys.control.clearCalls();
    await page.reload();
    await makeClient(page, { endpoint: world.edge.endpoint });
    const second = await init(page);
    expect(second.guest?.guestId).toBe(first.guest?.guestId);
    expect(world.stack.genesys.counts).toMatchObject({ guest: 0, guest_token: 1, oauth: 0 });
  });

  it('sends one request for a double click, and none while the guest is fresh', async () => {
    const page = await world.visitor();
    const [one, two] = await Promise.all([init(page), init(page)]);
    expect(one.guest).toEqual(two.guest);
    await init(page);
    await init(page, {});
    expect(world.edge.posts()).toHaveLength(1);
    await init(page, { renew: true });
    expect(world.edge.posts()).toHaveLength(2);
  });

  it('sends one request for two tabs at once', async () => {
    const [a, b] = [await world.visitor(), await world.visitor()];
    const [one, two] = await Promise.all([init(a), init(b)]);
    expect(one.guest?.accessToken).toMatch(/./);
    expect(one.guest).toEqual(two.guest);
    expect(world.edge.posts()).toHaveLength(1);
  });

  it('lets nothing leave without consent where that is asked of it', async () => {
    const page = await world.visitor({ requireConsent: true });
    expect(await init(page, {})).toMatchObject({ code: 'consent_required', retryable: false });
    expect(await init(page, { consentGiven: false })).toMatchObject({ code: 'consent_required' });
    await page.reload();
    await makeClient(page, { endpoint: world.edge.endpoint, requireConsent: true });
    expect(await init(page, {})).toMatchObject({ code: 'consent_required' });
    expect(world.edge.requests).toEqual([]);
    expect(await stored(page)).not.toMatch(/"id"/);
    expect((await init(page)).guest?.enrichment).toBe('not_found');
  });

  it('remembers a refusal across reloads and until consent is given', async () => {
    const page = await world.visitor({ sessionId: 'demo-jane' });
    expect((await init(page, { consentGiven: false })).guest?.enrichment).toBe('no_consent');
    await page.reload();
    await makeClient(page, { endpoint: world.edge.endpoint, sessionId: 'demo-jane' });
    expect((await init(page, {})).guest?.enrichment).toBe('no_consent');
    expect(world.edge.posts().map(({ body }) => JSON.parse(body).consentGiven)).toEqual([false, false]);
    expect((await init(page)).guest?.enrichment).toBe('matched');
  });

  it('sends no consent field where nothing was said', async () => {
    const page = await world.visitor();
    await init(page, {});
    expect(Object.keys(JSON.parse(world.edge.posts()[0]?.body ?? ''))).toEqual(['sessionId']);
  });

  it('withdraws consent: forgets the guest in every tab and tells the API', async () => {
    const [a, b] = [
      await world.visitor({ sessionId: 'demo-attributes' }),
      await world.visitor({ sessionId: 'demo-attributes' }),
    ];
    await Promise.all([init(a), init(b)]);
    await a.evaluate(() => (globalThis as unknown as TestPage).client.withdrawConsent());
    expect(JSON.parse(world.edge.posts().at(-1)?.body ?? '')).toMatchObject({ consentGiven: false });
    await b.waitForFunction(() => (globalThis as unknown as TestPage).client.state.name === 'idle');
    expect((await init(b, {})).guest?.enrichment).toBe('no_consent');
  });

  it('has nothing to tell the API about a visitor who never asked for a chat', async () => {
    const page = await world.visitor();
    await page.evaluate(() => (globalThis as unknown as TestPage).client.withdrawConsent());
    expect(world.edge.requests).toEqual([]);
  });

  it('repeats a queued registration until it is served, and counts the seconds down', async () => {
    const page = await world.visitor();
    // Longer than a request may wait, so that it is queued; then the worker gets its turn.
    world.stack.genesys.control.addFaults({
      endpoint: 'guest',
      kind: 'limited',
      seconds: 2,
      retryAfter: '5',
    });
    const { guest } = await init(page);
    expect(guest?.guestId).toMatch(/./);
    const seen = await states(page);
    const waits = seen.filter((state) => state.name === 'waiting');
    expect(waits[0]).toMatchObject({ reason: 'queued', attempt: 1 });
    const seconds = waits.map(({ secondsLeft }) => secondsLeft ?? 0);
    expect(seconds.length).toBeGreaterThan(1);
    expect(seconds.some((left, index) => left < (seconds[index - 1] ?? 0))).toBe(true);
    const bodies = world.edge.posts().map(({ body }) => body);
    expect(new Set(bodies).size).toBe(1);
  }, 60_000);

  it('waits as long as a 429 says before it asks again', async () => {
    const page = await world.visitor();
    let count = 0;
    world.edge.treat(() => {
      count += 1;
      return count === 1 ? { status: 429, headers: { 'retry-after': '2' } } : 'pass';
    });
    const startedAt = performance.now();
    expect((await init(page)).guest).toBeDefined();
    expect(performance.now() - startedAt).toBeGreaterThan(1990);
    expect((await states(page)).find(({ name }) => name === 'waiting')).toMatchObject({
      reason: 'too_many_requests',
    });
    expect(count).toBe(2);
  });

  it('reads Retry-After as a date, too, and does not wait past its own limit', async () => {
    const page = await world.visitor({ maxWaitMs: 20_000 });
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    world.edge.treat(() => ({ status: 503, headers: { 'retry-after': inAnHour } }));
    expect(await init(page)).toMatchObject({ code: 'unreachable', status: 503, retryable: true });
    expect(world.edge.posts()).toHaveLength(1);
  });

  it('waits for a server that is down and serves when it is up', async () => {
    const page = await world.visitor();
    await world.edge.goDown();
    const opening = init(page);
    await page.waitForFunction(() =>
      (globalThis as unknown as TestPage).states.some(
        (state) => state.name === 'waiting' && state.reason === 'unreachable',
      ),
    );
    await world.edge.comeUp();
    expect((await opening).guest).toBeDefined();
  }, 60_000);

  it('gives up a server that stays down when its time is over', async () => {
    const page = await world.visitor({ maxWaitMs: 3000 });
    await world.edge.goDown();
    expect(await init(page)).toMatchObject({ code: 'unreachable', retryable: true });
    expect((await states(page)).at(-1)).toMatchObject({ name: 'failed' });
    await world.edge.comeUp();
    expect((await init(page)).guest).toBeDefined();
  }, 60_000);

  it('waits while the browser is offline and goes on when it is online', async () => {
    const page = await world.visitor();
    await world.context().setOffline(true);
    const opening = init(page);
    await page.waitForFunction(() => (globalThis as unknown as TestPage).client.state.name === 'waiting');
    expect((await states(page)).at(-1)).toEqual({ name: 'waiting', attempt: 1, reason: 'offline' });
    await world.context().setOffline(false);
    expect((await opening).guest).toBeDefined();
    expect(world.edge.posts()).toHaveLength(1);
  }, 60_000);

  it('ends a request that hangs, and asks again', async () => {
    const page = await world.visitor({ timeoutMs: 1000 });
    let count = 0;
    world.edge.treat(() => {
      count += 1;
      return count === 1 ? 'hang' : 'pass';
    });
    expect((await init(page)).guest).toBeDefined();
    expect((await states(page)).find(({ name }) => name === 'waiting')).toMatchObject({ reason: 'timeout' });
  }, 60_000);

  it('works in memory where the browser blocks storage, locks and channels', async () => {
    world.edge.allowAnyOrigin(true);
    const page = await world.visitor({}, '/sandbox');
    await expect(page.evaluate('localStorage.length')).rejects.toThrow(/SecurityError|denied/);
    const first = await init(page);
    const second = await init(page, { renew: true });
    world.edge.allowAnyOrigin(false);
    expect(first.guest?.guestId).toMatch(/./);
    expect(second.guest?.guestId).toBe(first.guest?.guestId);
  });

  it.each([
    ['session', 'sessionStorage'],
    ['memory', undefined],
  ] as const)('keeps the session id in %s storage only, where told so', async (storage, kind) => {
    const page = await world.visitor({ storage });
    await init(page);
    expect(await stored(page)).toBe('{}');
    if (kind !== undefined) expect(await stored(page, kind)).toMatch(/[0-9a-f]{32}/);
    else expect(await stored(page, 'sessionStorage')).toBe('{}');
  });

  it('renews by itself after a clock jump over the expiry, as when a laptop slept', async () => {
    const page = await world.tab('/', true);
    await makeClient(page, { endpoint: world.edge.endpoint, keepFresh: true });
    const opening = init(page);
    const first = await opening;
    const lifeMs = Date.parse(first.guest?.expiresAt ?? '') - Date.now();
    expect(lifeMs).toBeGreaterThan(60_000);
    await page.clock.fastForward(lifeMs + 1000);
    await page.waitForFunction((token) => {
      const { state } = (globalThis as unknown as TestPage).client;
      return state.name === 'ready' && state.guest.accessToken !== token;
    }, first.guest?.accessToken);
    expect(world.edge.posts()).toHaveLength(2);
  }, 60_000);

  it('asks again after the expiry where it is not told to keep the token fresh', async () => {
    const page = await world.tab('/', true);
    await makeClient(page, { endpoint: world.edge.endpoint });
    const first = await init(page);
    await page.clock.fastForward('48:00:00');
    expect(world.edge.posts()).toHaveLength(1);
    const second = await init(page, {});
    expect(second.guest?.accessToken).not.toBe(first.guest?.accessToken);
    expect(world.edge.posts()).toHaveLength(2);
  }, 60_000);

  it('signs out in every tab: session, token and attributes are gone', async () => {
    const [a, b] = [await world.visitor(), await world.visitor()];
    const [one] = await Promise.all([init(a), init(b)]);
    await a.evaluate(() => (globalThis as unknown as TestPage).client.signOut());
    await b.waitForFunction(() => (globalThis as unknown as TestPage).client.state.name === 'idle');
    expect(await stored(b)).toBe('{}');
    expect((await init(b)).guest?.guestId).not.toBe(one.guest?.guestId);
  });

  it('signs out the sessions of other tabs, too, where each tab has its own', async () => {
    const [a, b] = [await world.visitor({ storage: 'session' }), await world.visitor({ storage: 'session' })];
    await Promise.all([init(a), init(b)]);
    expect(await stored(b, 'sessionStorage')).toMatch(/[0-9a-f]{32}/);
    await a.evaluate(() => (globalThis as unknown as TestPage).client.signOut());
    await b.waitForFunction(() => sessionStorage.length === 0);
    expect(await stored(a, 'sessionStorage')).toBe('{}');
  });

  it('loses no session that begins right after a sign-out', async () => {
    const [a, b] = [await world.visitor(), await world.visitor()];
    await Promise.all([init(a), init(b)]);
    await a.evaluate(() => {
      const { client } = globalThis as unknown as TestPage;
      client.signOut();
      return client.init({ consentGiven: true });
    });
    const begun = await stored(a);
    expect(begun).toMatch(/[0-9a-f]{32}/);
    await b.waitForFunction(() => (globalThis as unknown as TestPage).client.state.name === 'idle');
    expect(await stored(b)).toBe(begun);
  });

  it.each([
    ['the next best storage', undefined],
    ['memory', 'sessionStorage'],
  ] as const)(
    'signs out the sessions of other tabs, too, where blocked storage leaves each tab %s',
    async (_, blockedAsWell) => {
      const visitor = async () => {
        const page = await world.tab();
        await page.evaluate(
          (names) => {
            for (const name of names) {
              const get = () => {
                throw new DOMException('blocked', 'SecurityError');
              };
              if (name !== undefined) Object.defineProperty(globalThis, name, { get });
            }
          },
          ['localStorage', blockedAsWell],
        );
        await makeClient(page, { endpoint: world.edge.endpoint });
        return page;
      };
      const [a, b] = [await visitor(), await visitor()];
      await Promise.all([init(a), init(b)]);
      await a.evaluate(() => (globalThis as unknown as TestPage).client.signOut());
      await b.waitForFunction(() => (globalThis as unknown as TestPage).client.state.name === 'idle');
      await init(b);
      const sessions = world.edge.posts().map(({ body }) => JSON.parse(body).sessionId);
      expect([sessions.length, new Set(sessions).size]).toEqual([3, 3]);
    },
  );

  it('asks no more often than it must where the expiry cannot be read', async () => {
    const page = await world.tab('/', true);
    const guest = {
      guestId: 'g',
      accessToken: 't',
      expiresAt: 'soon',
      crmAttributes: {},
      enrichment: 'not_found',
    };
    world.edge.treat(() => ({ status: 200, body: JSON.stringify(guest) }));
    await makeClient(page, { endpoint: world.edge.endpoint, keepFresh: true });
    await init(page);
    await page.clock.runFor(20_000);
    expect(world.edge.posts()).toHaveLength(1);
    await page.clock.runFor(20_000);
    await page.waitForTimeout(500);
    expect(world.edge.posts()).toHaveLength(2);
  }, 60_000);

  it('tells a refused origin, a wrong endpoint and an unreachable server apart', async () => {
    const page = await world.visitor({ maxWaitMs: 30_000 });
    world.edge.pretendOrigin('https://elsewhere.example');
    expect(await init(page)).toMatchObject({ code: 'origin_refused' });
    world.edge.pretendOrigin(undefined);
    expect((await init(page)).guest).toBeDefined();

    const other = await world.visitor({ endpoint: `${world.website.url}/nothing`, maxWaitMs: 3000 });
    expect(await init(other)).toMatchObject({ code: 'wrong_endpoint', retryable: false });
    await makeClient(other, { endpoint: 'http://127.0.0.1:9/api', maxWaitMs: 2000 });
    expect(await init(other)).toMatchObject({ code: 'unreachable', retryable: true });
  }, 60_000);

  it('hands on what a problem says: code, request id, field errors', async () => {
    const page = await world.visitor({ sessionId: 'x'.repeat(257) });
    expect(await init(page)).toMatchObject({
      code: 'invalid_request',
      status: 400,
      retryable: false,
      requestId: expect.stringMatching(/./),
      errors: [{ path: 'sessionId', message: 'must be at most 256 characters' }],
    });
  });

  it('ends at once for a caller that leaves, and goes on for those that stay', async () => {
    const page = await world.visitor();
    world.edge.treat(() => ({ status: 503, headers: { 'retry-after': '2' } }));
    const [gone, stays] = await Promise.all([
      page.evaluate(async () => {
        const { client } = globalThis as unknown as TestPage;
        const leaving = new AbortController();
        setTimeout(() => leaving.abort('enough'), 300);
        return await client.init({ consentGiven: true, signal: leaving.signal }).catch(String);
      }),
      page.evaluate(async () => {
        const world = globalThis as unknown as TestPage;
        world.aborting = new AbortController();
        void world.client.init({ consentGiven: true, signal: world.aborting.signal }).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 600));
        return world.client.state.name;
      }),
    ]);
    expect([gone, stays]).toEqual(['enough', 'waiting']);
    await page.evaluate(() => (globalThis as unknown as TestPage).aborting.abort());
    expect((await states(page)).at(-1)).toEqual({ name: 'idle' });
  });

  it.each([
    ['the caller leaves', 'enough'],
    ['somebody signs out', 'superseded'],
  ])('sends nothing, keeps no id and stays idle where %s at once', async (_, reason) => {
    const page = await world.visitor();
    const ended = await page.evaluate(async (expected) => {
      const { client } = globalThis as unknown as TestPage;
      const leaving = new AbortController();
      const opening = client.init({ signal: leaving.signal }).catch((error) => error.code ?? error);
      if (expected === 'superseded') client.signOut();
      else leaving.abort(expected);
      return await opening;
    }, reason);
    expect(ended).toBe(reason);
    // Until the browser has granted the lock that was asked for.
    await page.waitForTimeout(300);
    expect(new Set((await states(page)).map(({ name }) => name))).toEqual(new Set(['idle']));
    expect(world.edge.requests).toEqual([]);
    expect(await stored(page)).toBe('{}');
  });

  it.each([
    ['sign-out', '{}', '{}'],
    ['refusal', '{"id":"demo-jane","refused":true}', '{"id":"demo-jane","refused":true,"known":true}'],
  ])(
    'does not undo the %s of another tab by a response that comes late',
    async (_, elsewhere, afterwards) => {
      const page = await world.visitor({ sessionId: 'demo-jane' });
      let answer: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const asked = new Promise<void>((resolve) => {
        world.edge.treat(async () => {
          resolve();
          await held;
          return 'pass' as const;
        });
      });
      const opening = init(page);
      await asked;
      await page.evaluate((record) => {
        const [key = ''] = Object.keys(localStorage);
        if (record === '{}') localStorage.removeItem(key);
        else localStorage.setItem(key, record);
      }, elsewhere);
      answer();
      expect((await opening).guest?.enrichment).toBe('matched');
      const [kept = '{}'] = Object.values<string>(JSON.parse(await stored(page)));
      expect(JSON.parse(kept)).toEqual(JSON.parse(afterwards));
    },
  );

  it('never takes an anonymous guest for a customer it knew', async () => {
    const page = await world.visitor({ sessionId: 'demo-jane' });
    expect((await init(page)).guest?.enrichment).toBe('matched');
    await page.reload();
    await makeClient(page, { endpoint: world.edge.endpoint, sessionId: 'demo-jane' });
    const anonymous = {
      guestId: 'g',
      accessToken: 't',
      expiresAt: '2099-01-01T00:00:00.000Z',
      crmAttributes: {},
      enrichment: 'not_found',
    };
    world.edge.treat(() => ({ status: 200, body: JSON.stringify(anonymous) }));
    expect(await init(page)).toMatchObject({ code: 'identity_expired', retryable: false });
    await page.evaluate(() => (globalThis as unknown as TestPage).client.signOut());
    expect((await init(page)).guest?.enrichment).toBe('not_found');
  });

  it('leaves no personal data and no token in storage, address or console', async () => {
    const page = await world.visitor({ sessionId: 'demo-jane', keepFresh: true });
    const { guest } = await init(page);
    expect(guest?.crmAttributes).toMatchObject({ firstName: 'Jane' });
    const kept = `${await stored(page)}${await stored(page, 'sessionStorage')}${page.url()}`;
    for (const secret of ['Jane', 'Enterprise', guest?.accessToken ?? '?', guest?.guestId ?? '?']) {
      expect(kept).not.toContain(secret);
    }
    for (const { url } of world.edge.requests) expect(url).toBe('/api/webchat/init');
  });

  it('costs nothing before the click: no request, no storage, no long task', async () => {
    const page = await world.visitor({ keepFresh: true });
    await page.waitForTimeout(1000);
    const cost = await page.evaluate(
      () =>
        new Promise<{ requests: string[]; longTasks: number }>((resolve) => {
          const requests = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
          new PerformanceObserver((list, observer) => {
            observer.disconnect();
            resolve({
              requests,
              longTasks: list.getEntries().filter(({ duration }) => duration > 50).length,
            });
          }).observe({ type: 'longtask', buffered: true });
          setTimeout(() => resolve({ requests, longTasks: 0 }), 500);
        }),
    );
    expect(cost.requests).toEqual(['/guest-profiles.js']);
    expect(cost.longTasks).toBe(0);
    expect(world.edge.requests).toEqual([]);
    expect(await stored(page)).toBe('{}');
  });
});

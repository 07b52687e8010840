import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomLcg } from 'd3-random';
import { type ClientWorld, init, startClientWorld } from './support/client-world.ts';
import type { Treatment } from './support/edge.ts';
import type { TestPage } from './support/website.ts';

const chaosMs = 30_000;

const misfortunes: readonly Treatment[] = [
  'pass',
  'pass',
  'reset',
  'lose',
  'hang',
  { status: 429, headers: { 'retry-after': '1' } },
  { status: 503 },
  { status: 504, body: '<html>gateway timeout</html>' },
  { status: 202, body: '{"status":"queued","retryAfterSeconds":1}' },
  { status: 200, body: 'not JSON' },
  { status: 200, body: 'null' },
  { status: 500, body: '{"code":"internal_error","detail":"x","retryable":false}' },
];

describe('the client in 30 s of chaos', () => {
  let world: ClientWorld;
  beforeAll(async () => {
    world = await startClientWorld();
  }, 120_000);
  afterAll(() => world?.stop());

  it('leaves no rejection unhandled, settles every call, and works when it is over', async () => {
    const random = randomLcg(0.20261124);
    const pages = [
      await world.visitor({ timeoutMs: 1000, maxWaitMs: 5000, keepFresh: true }),
      await world.visitor({ timeoutMs: 1000, maxWaitMs: 5000 }),
    ];
    world.edge.treat(() => misfortunes[Math.floor(random() * misfortunes.length)] ?? 'pass');
    const network = setInterval(() => void world.context().setOffline(random() < 0.2), 3000);
    const endings = await Promise.all(
      pages.map((page) =>
        page.evaluate(async (ms) => {
          const { client, GuestProfiles } = globalThis as unknown as TestPage;
          const seen = { guests: 0, errors: 0, aborted: 0, strange: [] as string[] };
          const endsAt = performance.now() + ms;
          const calls: Promise<void>[] = [];
          while (performance.now() < endsAt) {
            const leaving = new AbortController();
            const dice = Math.random();
            calls.push(
              client.init({ consentGiven: dice < 0.9, renew: dice > 0.3, signal: leaving.signal }).then(
                () => {
                  seen.guests += 1;
                },
                (error: unknown) => {
                  if (error === 'left') seen.aborted += 1;
                  else if (error instanceof GuestProfiles.GuestError) seen.errors += 1;
                  else seen.strange.push(String(error));
                },
              ),
            );
            if (dice < 0.2) setTimeout(() => leaving.abort('left'), 300);
            if (dice > 0.95) client.signOut();
            if (dice > 0.9 && dice < 0.93) calls.push(client.withdrawConsent().catch(() => undefined));
            await new Promise((resolve) => setTimeout(resolve, 250));
          }
          await Promise.all(calls);
          return seen;
        }, chaosMs),
      ),
    );
    clearInterval(network);
    for (const { guests, errors, aborted, strange } of endings) {
      expect(strange).toEqual([]);
      // How many of each is a matter of chance and of the machine's speed.
      expect(guests + errors + aborted).toBeGreaterThan(0);
    }
    await world.context().setOffline(false);
    world.edge.treat(() => 'pass');
    for (const page of pages) expect((await init(page)).guest).toBeDefined();
    await world.leave();
  }, 180_000);
});

import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { localSecret } from '../../local/function-environment.ts';
import { type ClientWorld, startClientWorld } from './support/client-world.ts';
import type { TestPage } from './support/website.ts';

describe('a website whose own server signs its sessions', () => {
  let world: ClientWorld;
  const [key = ''] = JSON.parse(localSecret).sessionSigningKeys as string[];
  const sign = (sessionId: string, secret: string): string => {
    const seconds = Math.floor(Date.now() / 1000);
    const hmac = createHmac('sha256', Buffer.from(secret, 'base64'));
    return `t=${seconds},v1=${hmac.update(`${seconds}.${sessionId}`).digest('hex')}`;
  };
  beforeAll(async () => {
    world = await startClientWorld({ settings: { REQUIRE_SIGNED_SESSION: 'true' } });
  }, 120_000);
  afterEach(() => world.leave());
  afterAll(() => world?.stop());

  /** `answer` stands for the website's server. */
  const signedIn = async (answer: (sessionId: string) => string | undefined): Promise<Page> => {
    const page = await world.tab();
    await page.exposeFunction('askOwnServer', answer);
    await page.evaluate((endpoint) => {
      const world = globalThis as unknown as TestPage & {
        askOwnServer(sessionId: string): Promise<string | undefined>;
      };
      world.client = world.GuestProfiles.createGuestClient({
        endpoint,
        maxWaitMs: 4000,
        signSession: (sessionId) => world.askOwnServer(sessionId),
      });
    }, world.edge.endpoint);
    return page;
  };
  const codeOf = (page: Page): Promise<string> =>
    page.evaluate(() =>
      (globalThis as unknown as TestPage).client.init({ renew: true }).then(
        ({ enrichment }) => enrichment,
        ({ code }: { code: string }) => code,
      ),
    );

  it('sends a signature of its own with each request', async () => {
    const page = await signedIn((sessionId) => sign(sessionId, key));
    expect(await codeOf(page)).toBe('not_found');
    expect(await codeOf(page)).toBe('not_found');
    expect(world.edge.posts().map(({ signature }) => signature)).toEqual([
      expect.stringMatching(/^t=\d+,v1=[0-9a-f]{64}$/),
      expect.stringMatching(/^t=\d+,v1=[0-9a-f]{64}$/),
    ]);
  });

  it('says that the identity has expired where the API does not accept the signature, or there is none', async () => {
    const wrong = Buffer.from('another key of at least thirty-two bytes').toString('base64');
    expect(await codeOf(await signedIn((sessionId) => sign(sessionId, wrong)))).toBe('identity_expired');
    expect(await codeOf(await signedIn(() => undefined))).toBe('identity_expired');
    expect(world.edge.posts()).toHaveLength(2);
  });

  it("repeats while the website's own server fails, and sends nothing unsigned", async () => {
    const page = await signedIn(() => {
      throw new Error('The website is being released.');
    });
    expect(await codeOf(page)).toBe('signature_unavailable');
    expect(world.edge.requests).toEqual([]);
  }, 60_000);
});

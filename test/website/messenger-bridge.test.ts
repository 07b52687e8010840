import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type ClientWorld, startClientWorld } from './support/client-world.ts';
import type { TestPage } from './support/website.ts';

interface MessengerPage extends TestPage {
  /** What Messenger was given, one `Database.set` after the other. */
  readonly given: Record<string, unknown>[];
  readonly failures: unknown[];
  publish(event: string): void;
}

describe('the bridge to stock Genesys Messenger', () => {
  let world: ClientWorld;
  beforeAll(async () => {
    world = await startClientWorld({ provider: 'web-messaging' });
  }, 120_000);
  afterEach(() => world.leave());
  afterAll(() => world?.stop());

  /** Messenger itself comes from Genesys' servers; this has its documented calls: `subscribe`, `Database.set`. */
  const shop = async (): Promise<Page> => {
    const page = await world.visitor({ sessionId: 'demo-jane' });
    await page.evaluate(() => {
      const world = globalThis as unknown as MessengerPage;
      const listeners = new Map<string, (() => void)[]>();
      const given: Record<string, unknown>[] = [];
      const failures: unknown[] = [];
      const genesys = (command: string, name: string, ...rest: unknown[]): void => {
        if (command === 'subscribe') {
          listeners.set(name, [...(listeners.get(name) ?? []), rest[0] as () => void]);
        } else if (name === 'Database.set') {
          given.push(
            (rest[0] as { messaging: { customAttributes: Record<string, unknown> } }).messaging
              .customAttributes,
          );
          (rest[1] as () => void)();
        }
      };
      const publish = (event: string): void => {
        for (const listener of listeners.get(event) ?? []) listener();
      };
      Object.assign(world, { given, failures, publish });
      world.bridge = world.GuestProfiles.connectMessenger(genesys, world.client, {
        consentGiven: true,
        onError: (error) => failures.push((error as { code: string }).code),
      });
    });
    return page;
  };
  const publish = (page: Page, event: string) =>
    page.evaluate((name) => (globalThis as unknown as MessengerPage).publish(name), event);
  const given = async (page: Page, count: number) => {
    await page.waitForFunction(
      (wanted) => (globalThis as unknown as MessengerPage).given.length >= wanted,
      count,
    );
    return await page.evaluate(() => (globalThis as unknown as MessengerPage).given);
  };

  it('asks for nothing before the visitor opens the chat', async () => {
    const page = await shop();
    await page.evaluate(() => history.pushState({}, '', '/shoes'));
    await page.waitForTimeout(500);
    expect(world.edge.requests).toEqual([]);
    await publish(page, 'Messenger.opened');
    expect(await given(page, 1)).toHaveLength(1);
    expect(world.edge.posts()).toHaveLength(1);
  });

  it('gives a fresh reference after each navigation and for each new conversation', async () => {
    const page = await shop();
    await publish(page, 'Messenger.opened');
    await given(page, 1);
    await page.evaluate(() => history.pushState({}, '', '/shoes'));
    await given(page, 2);
    await publish(page, 'MessagingService.conversationCleared');
    await given(page, 3);
    await page.evaluate(() => (globalThis as unknown as TestPage).bridge.refresh());
    const all = await given(page, 4);
    expect(world.edge.posts()).toHaveLength(4);
    for (const attributes of all) expect(Object.keys(attributes).length).toBeGreaterThan(0);
    expect(JSON.stringify(all)).not.toContain('Jane');
  });

  it('gives the same reference when the chat is merely opened again', async () => {
    const page = await shop();
    await publish(page, 'Messenger.opened');
    await given(page, 1);
    await publish(page, 'Messenger.opened');
    const [first, second] = await given(page, 2);
    expect(second).toEqual(first);
    expect(world.edge.posts()).toHaveLength(1);
  });

  it('tells the website of a failure, and leaves the conversation anonymous', async () => {
    const page = await shop();
    world.edge.treat(() => ({
      status: 403,
      body: '{"code":"consent_required","detail":"x","retryable":false}',
    }));
    await publish(page, 'Messenger.opened');
    await page.waitForFunction(() => (globalThis as unknown as MessengerPage).failures.length > 0);
    expect(await page.evaluate(() => (globalThis as unknown as MessengerPage).failures)).toEqual([
      'consent_required',
    ]);
    expect(await given(page, 0)).toEqual([]);
  });

  it('does nothing more when it is disconnected', async () => {
    const page = await shop();
    await page.evaluate(() => (globalThis as unknown as TestPage).bridge.disconnect());
    await publish(page, 'Messenger.opened');
    await page.waitForTimeout(500);
    expect(world.edge.requests).toEqual([]);
  });
});

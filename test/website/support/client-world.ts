import { expect } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../../local/local-stack.ts';
import type {
  Guest,
  GuestClientOptions,
  GuestState,
  InitOptions,
} from '../../../website/client/guest-profiles.d.ts';
import { startBrowser } from '../../support/browser.ts';
import { type Edge, startEdge } from './edge.ts';
import { startWebsite, type TestPage, type Website } from './website.ts';

/** What can be handed into a page: no functions. */
type ClientSettings = Omit<GuestClientOptions, 'fetch' | 'signSession'>;

/** How `init` ended in the page. */
export interface Outcome {
  readonly guest?: Guest;
  readonly code?: string;
  readonly retryable?: boolean;
  readonly status?: number;
  readonly reason?: string;
  readonly errors?: readonly unknown[];
  readonly requestId?: string;
}

/** The local stack, an edge before it, a website of another origin with the built client, and a real browser. */
export const startClientWorld = async (options: LocalStackOptions = {}) => {
  const stack: LocalStack = await startLocalStack(options);
  const edge: Edge = await startEdge(stack.description.apiUrl);
  const website: Website = await startWebsite();
  const browser: Browser = await startBrowser();
  const complaints: string[] = [];
  let context: BrowserContext | undefined;

  const tab = async (path = '/', fakeClock = false): Promise<Page> => {
    context ??= await browser.newContext();
    const page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      // Chromium's own note of a failed request; whatever else is written would be the client's.
      if (!/^Failed to load resource|has been blocked by CORS policy/.test(message.text())) {
        complaints.push(message.text());
      }
    });
    if (fakeClock) await page.clock.install();
    await page.goto(`${website.url}${path}`);
    await page.waitForFunction(() => 'GuestProfiles' in globalThis);
    return page;
  };
  return {
    stack,
    edge,
    website,
    browser,
    complaints,
    context: () => context as BrowserContext,
    tab,
    /** A tab with a client in it. */
    visitor: async (given: Partial<ClientSettings> = {}, path?: string): Promise<Page> => {
      const page = await tab(path);
      await makeClient(page, { endpoint: edge.endpoint, ...given });
      return page;
    },
    /** Ends a test: nothing was written to the console, nothing left unhandled. */
    leave: async (): Promise<void> => {
      edge.treat(() => 'pass');
      edge.pretendOrigin(undefined);
      stack.genesys.control.clearFaults();
      await context?.close();
      context = undefined;
      edge.requests.length = 0;
      expect(complaints.splice(0)).toEqual([]);
    },
    stop: async (): Promise<void> => {
      await browser.close();
      await Promise.all([website.close(), edge.close()]);
      await stack.close();
    },
  };
};
export type ClientWorld = Awaited<ReturnType<typeof startClientWorld>>;

export const makeClient = (page: Page, options: ClientSettings): Promise<void> =>
  page.evaluate((given) => {
    const world = globalThis as unknown as TestPage;
    world.client = world.GuestProfiles.createGuestClient(given);
    world.states = [];
    world.client.subscribe((state) => world.states.push(state));
  }, options);

/** Calls `init` in the page. */
export const init = (page: Page, options: InitOptions = { consentGiven: true }): Promise<Outcome> =>
  page.evaluate(async (given) => {
    const { client, GuestProfiles } = globalThis as unknown as TestPage;
    try {
      return { guest: await client.init(given) };
    } catch (error) {
      if (!(error instanceof GuestProfiles.GuestError)) return { reason: String(error) };
      const { code, retryable, status, errors, requestId } = error;
      return {
        code,
        retryable,
        errors,
        ...(status === undefined ? {} : { status }),
        ...(requestId === undefined ? {} : { requestId }),
      };
    }
  }, options);

export const states = (page: Page): Promise<GuestState[]> =>
  page.evaluate(() => (globalThis as unknown as TestPage).states);

export const stored = (page: Page, kind: 'localStorage' | 'sessionStorage' = 'localStorage') =>
  page.evaluate((name) => JSON.stringify({ ...globalThis[name] }), kind);

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type LocalStack, startLocalStack } from '../../local/local-stack.ts';
import { startBrowser } from '../support/browser.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe('the product tour in a real browser', () => {
  let stack: LocalStack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    stack = await startLocalStack();
    browser = await startBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.close();
  });
  afterEach(async () => {
    await context?.close();
    await fetch(`${stack.description.url}/tour/fault`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"fault":"none"}',
    });
    expect(complaints.splice(0)).toEqual([]);
  });

  const openPage = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      // The browser's own note of an error response; everything else would be a fault of the page.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        complaints.push(message.text());
      }
    });
    page.on('request', (request) => {
      if (!/^(http|ws):\/\/127\.0\.0\.1:|^data:/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(stack.description.url);
    await page.locator('#visitors .choice').first().waitFor();
  };
  const openButton = () => page.getByRole('button', { name: 'Chat with us' });
  const status = async (kind: string): Promise<string> => {
    await page.locator(`#status[data-kind=${kind}]`).waitFor();
    return await page.locator('#status-text').innerText();
  };
  const throwSwitch = async (name: string): Promise<void> => {
    const button = page.getByRole('button', { name, exact: true });
    await button.click();
    await page.locator(`#faults [aria-pressed=true]:text-is("${name}")`).waitFor();
  };
  const focused = () => page.evaluate(() => document.activeElement?.id);

  it('opens the chat for a customer and shows what came from the CRM, step by step', async () => {
    await openPage();
    await openButton().click();
    expect(await status('good')).toBe('The chat is open.');
    expect(await page.locator('#guest').innerText()).toMatch(
      /From the CRM\s+firstName\s+Jane\s+tier\s+Enterprise/,
    );
    const steps = await page.locator('#steps').innerText();
    for (const step of [
      /Function: Hash the session id/,
      /Function → Tables: Look up CRM record and guest\s+[\d.]+ ms/,
      /Function → Genesys: Create the guest\s+[\d.]+ ms/,
      /Function → Genesys: Issue the guest token\s+[\d.]+ ms/,
      /Function → Website: HTTP 200\s+[\d.]+ ms/,
    ]) {
      expect(steps).toMatch(step);
    }
    expect(await page.locator('#latency').innerText()).toMatch(/^1 request: median \d+ ms/);
  });

  it("shows an anonymous visitor's attributes as placeholders, not as CRM data", async () => {
    await openPage();
    await page.getByLabel('unknown').check();
    await openButton().click();
    await status('good');
    expect(await page.locator('#guest').innerText()).toMatch(
      /Placeholders of an anonymous guest\s+firstName\s+Guest/,
    );
    expect(await page.locator('#guest').innerText()).not.toContain('From the CRM');
  });

  it('shows the exact request and response, hides the token until it is asked for, and copies', async () => {
    await openPage({ permissions: ['clipboard-read', 'clipboard-write'] });
    await openButton().click();
    await status('good');
    const response = page.getByLabel('Response', { exact: true });
    expect(await page.getByLabel('Request', { exact: true }).innerText()).toContain(
      '"sessionId": "demo-jane"',
    );
    expect(await response.innerText()).toMatch(/"accessToken": ".{6}….{4}"/);
    await page.getByRole('button', { name: 'Show token' }).click();
    expect(await response.innerText()).toMatch(/"accessToken": "[\w-]{86}"/);
    await page.getByRole('button', { name: 'Copy response' }).click();
    await page.getByText('Copied').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/"accessToken": "[\w-]{86}"/);
  });

  it('gives the chosen case as curl, fetch and client code', async () => {
    await openPage();
    const code = page.getByLabel('Code', { exact: true });
    await page.getByLabel('Session id').fill("o'neil");
    expect(await code.innerText()).toContain(`-d '{"sessionId":"o'\\''neil","consentGiven":true`);
    await page.getByRole('button', { name: 'client', exact: true }).click();
    expect(await code.innerText()).toContain('sessionId: "o\'neil"');
    await page.getByLabel('Use my customer record').uncheck();
    expect(await code.innerText()).toContain('client.init({"consentGiven":false');
  });

  it('takes the consent of the chosen visitor along', async () => {
    await openPage();
    await page.getByLabel('no-consent').check();
    expect(await page.getByLabel('Use my customer record').isChecked()).toBe(false);
    await openButton().click();
    await status('good');
    expect(await page.locator('#guest').innerText()).toContain('No consent: the CRM was not asked');
    await page.getByLabel('Use my customer record').check();
    await openButton().click();
    await page.getByText('The CRM knows this visitor').waitFor();
  });

  it('names the field that is wrong', async () => {
    await openPage();
    await page.getByLabel('Session id').fill('x'.repeat(257));
    await openButton().click();
    expect(await status('bad')).toBe('This session id cannot be used.');
    expect(await page.locator('#guest').innerText()).toMatch(
      /sessionId must be at most 256 characters[\s\S]*invalid_request/,
    );
  });

  it.each([
    ['Garbage', 'bad', 'The chat could not be opened.', /its response made no sense[\s\S]*502/],
    ['Bad token', 'good', 'The chat is open.', /Guest/],
    ['Slow', 'good', 'The chat is open.', /Guest/],
    ['CRM down', 'good', 'The chat is open.', /The CRM could not be asked in time/],
  ])(
    'the switch "%s" does what it says',
    async (name, kind, text, shown) => {
      await openPage();
      await throwSwitch(name);
      await page.getByLabel('Session id').fill(`somebody for ${name}`);
      await openButton().click();
      expect(await status(kind)).toBe(text);
      expect(await page.locator('#guest').innerText()).toMatch(shown);
    },
    60_000,
  );

  it('a Genesys that is down is asked again until the person has had enough', async () => {
    await openPage();
    await throwSwitch('Down');
    await page.getByLabel('Session id').fill('somebody while it is down');
    await openButton().click();
    await page.locator('#countdown:text-matches("[0-9] s")').waitFor();
    expect(await status('wait')).toBe('The chat is not available yet; trying again.');
    await page.keyboard.press('Escape');
    expect(await status('none')).toBe('Cancelled.');
  }, 60_000);

  it('counts down while a registration is queued, and opens the chat when it is served', async () => {
    await openPage();
    // The tests before may have left the container's calls to Genesys suspended: it has to be well first.
    await page.getByLabel('Session id').fill('somebody before');
    await openButton().click();
    await page.locator('#status[data-kind=good]').waitFor({ timeout: 60_000 });
    await throwSwitch('Limiting');
    const before = stack.genesys.guests.size;
    await page.getByLabel('Session id').fill('queued visitor');
    await openButton().click();
    const countdown = page.locator('#countdown');
    await page.locator('#countdown:text-matches("[0-9] s")').waitFor();
    expect(await status('wait')).toBe('Many people are chatting; you are in the queue.');
    expect(await page.locator('#steps').innerText()).toMatch(/Function → Queue: Queue the registration/);
    const first = Number.parseInt(await countdown.innerText(), 10);
    await page.waitForFunction(
      (seconds) => Number.parseInt(document.getElementById('countdown')?.textContent ?? '', 10) < seconds,
      first,
    );
    await page.locator('#status[data-kind=good]').waitFor({ timeout: 60_000 });
    expect(stack.genesys.guests.size).toBe(before + 1);
  }, 150_000);

  it('works by keyboard alone: the focus stays where the person is', async () => {
    await openPage();
    await openButton().focus();
    await page.keyboard.press('Enter');
    await status('good');
    expect(await focused()).toBe('open-chat');
    await throwSwitch('Down');
    await page.getByLabel('Session id').fill('keyboard visitor');
    await openButton().focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('cancel');
    await page.keyboard.press('Enter');
    expect(await status('none')).toBe('Cancelled.');
    expect(await focused()).toBe('open-chat');
  }, 60_000);

  it.each([
    ['a phone', { width: 320, height: 640 }],
    ['a desktop', { width: 1280, height: 800 }],
  ])(
    'fits %s: nothing scrolls sideways, the button is above the fold, the result in view',
    async (_, viewport) => {
      await openPage({ viewport, reducedMotion: 'reduce' });
      const button = await openButton().boundingBox();
      expect((button?.y ?? 9999) + (button?.height ?? 0)).toBeLessThan(viewport.height);
      await openButton().click();
      await status('good');
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      const result = await page.locator('#status').boundingBox();
      expect(result?.y).toBeGreaterThanOrEqual(0);
      expect((result?.y ?? 9999) + (result?.height ?? 0)).toBeLessThanOrEqual(viewport.height);
    },
  );

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['forced colours', { forcedColors: 'active' }],
    ['a phone', { viewport: { width: 360, height: 740 } }],
    ['less motion', { reducedMotion: 'reduce' }],
  ] as const)(
    'axe finds nothing in %s',
    async (_, options) => {
      await openPage(options);
      const findings = async (): Promise<readonly Finding[]> => {
        await page.evaluate(axe);
        return await page.evaluate(async () => {
          const { axe: engine } = globalThis as unknown as {
            axe: { run(): Promise<{ violations: Finding[] }> };
          };
          const { violations } = await engine.run();
          return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => ({ html })) }));
        });
      };
      expect(await findings()).toEqual([]);
      await openButton().click();
      await status('good');
      expect(await findings()).toEqual([]);
      await page.getByLabel('Session id').fill('x'.repeat(257));
      await openButton().click();
      await status('bad');
      expect(await findings()).toEqual([]);
    },
    60_000,
  );

  it('shows the API on a page of its own, with nothing loaded from elsewhere', async () => {
    await openPage();
    await page.getByRole('link', { name: 'API' }).click();
    await page.getByText('/api/webchat/init').first().click();
    await page.getByText('Try it out').click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.locator('.live-responses-table .response-col_status:text("200")').waitFor();
    const { openapi, servers } = (await (await fetch(`${stack.description.url}/openapi.json`)).json()) as {
      openapi: string;
      servers: unknown;
    };
    expect([openapi, servers]).toEqual([
      expect.stringMatching(/^3\.1\./),
      [{ url: '/', description: 'This local stack' }],
    ]);
    await page.goBack();
  }, 60_000);
});

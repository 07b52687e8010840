import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type LocalStack, startLocalStack } from '../../local/local-stack.ts';
import { startBrowser } from '../support/browser.ts';

describe('the page in a real browser', () => {
  let stack: LocalStack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    stack = await startLocalStack({ settings: { INIT_BUDGET_MS: '4000' } });
    browser = await startBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.close();
  });
  afterEach(async () => {
    stack.genesys.control.clearFaults();
    await context?.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  const openPage = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
    context = await browser.newContext(options);
    page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      // The browser's own note of an error answer; everything else would be a fault of the page.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        complaints.push(message.text());
      }
    });
    await page.goto(stack.description.url);
    await page.locator('.visitor').first().waitFor();
  };
  const send = () => page.getByRole('button', { name: 'Open the door' }).click();
  const status = (kind: string) => page.locator(`#status[data-kind=${kind}]`).textContent();

  it('opens the door for a known customer and shows guest, attributes and steps', async () => {
    await openPage();
    await send();
    expect(await status('good')).toBe('The door is open.');
    const guestId = await page.locator('#guest-id').textContent();
    expect([...stack.genesys.guests.keys()]).toContain(guestId);
    expect(await page.locator('#attributes').innerText()).toMatch(/firstName\s+Jane\s+tier\s+Enterprise/);
    expect(await page.locator('#steps').innerText()).toMatch(/Issue the guest token\s+[\d.]+ ms/);
  });

  it('hides the token until it is asked for', async () => {
    await openPage();
    await send();
    await status('good');
    const token = page.locator('dt:text-is("Token") + dd code');
    expect(await token.textContent()).toMatch(/^.{6}….{4}$/);
    await page.getByRole('button', { name: 'Show token' }).click();
    expect(await token.textContent()).toMatch(/^[\w-]{86}$/);
    await page.getByRole('button', { name: 'Hide token' }).click();
    expect(await token.textContent()).toMatch(/^.{6}….{4}$/);
  });

  it('takes the consent of the chosen visitor along', async () => {
    await openPage();
    await page.getByLabel('demo-no-consent').check();
    expect(await page.getByLabel('I agree').isChecked()).toBe(false);
    await send();
    await status('good');
    expect(await page.locator('#answer').innerText()).toContain('no_consent');
    await page.getByLabel('I agree').check();
    await send();
    await page.getByText('The CRM knows this visitor.').waitFor();
  });

  it('names the field that is wrong', async () => {
    await openPage();
    await page.getByLabel('Session id').fill('');
    await send();
    expect(await status('bad')).toBe('A field of the request is invalid');
    expect(await page.locator('#answer').innerText()).toMatch(
      /sessionId must not be empty[\s\S]*invalid_request/,
    );
  });

  it('shows a problem of Genesys as one that may pass', async () => {
    await openPage();
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'status', status: 500, calls: 1 });
    await page.getByLabel('Session id').fill('somebody');
    await send();
    expect(await status('bad')).toBe('Genesys Cloud is not available');
    expect(await page.locator('#answer').innerText()).toContain('Send it again in a moment.');
  });

  it.each([
    ['a phone', { width: 360, height: 740 }],
    ['a desktop', { width: 1280, height: 900 }],
  ])('fits %s without scrolling sideways and brings the answer into view', async (_, viewport) => {
    await openPage({ viewport, reducedMotion: 'reduce' });
    await send();
    await status('good');
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    const top = await page.evaluate('document.getElementById("status").getBoundingClientRect().top');
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top).toBeLessThan(viewport.height);
  });

  it('works by keyboard alone', async () => {
    await openPage();
    await page.locator('body').press('Tab');
    await page.keyboard.press('ArrowDown');
    expect(await page.getByLabel('Session id').inputValue()).toBe('demo-nameless');
    for (const _ of ['session id', 'consent', 'consent type', 'send']) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await status('good');
  });

  it.each(['light', 'dark'] as const)('has readable contrast in %s', async (colorScheme) => {
    await openPage({ colorScheme });
    await send();
    await status('good');
    const ratios = (await page.evaluate(contrastScript)) as { text: string; ratio: number }[];
    expect(ratios.length).toBeGreaterThan(20);
    expect(ratios.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
  });

  it('waits for a queued registration by itself, and can be cancelled meanwhile', async () => {
    await openPage();
    const before = stack.genesys.guests.size;
    // Longer than a request may wait, so that it is queued; then the worker gets its turn.
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 2, retryAfter: '5' });
    await page.getByLabel('Session id').fill('queued visitor');
    await send();
    expect(await status('wait')).toMatch(/^Genesys Cloud is busy; the registration is queued\./);
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await status('none')).toBe('Cancelled.');
    await send();
    await status('wait');
    await page.locator('#status[data-kind=good]').waitFor({ timeout: 30_000 });
    expect(await page.locator('#answer').innerText()).toMatch(/Requests\s+[2-9]/);
    expect(stack.genesys.guests.size).toBe(before + 1);
  }, 40_000);
});

/** WCAG 2 contrast of every visible text against the nearest background behind it. */
const contrastScript = `(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgroundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      const [, , , alpha = 1] = channels(color);
      if (alpha === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.querySelectorAll('body *')].filter((element) =>
    element.checkVisibility() &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
  return texts.map((element) => {
    const pair = [getComputedStyle(element).color, backgroundOf(element)].map(luminance).sort((a, b) => b - a);
    return { text: element.textContent.trim().slice(0, 30), ratio: (pair[0] + 0.05) / (pair[1] + 0.05) };
  });
})()`;

import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { buildFunctions } from '../../local/build.ts';
import { type LocalStack, startLocalStack } from '../../local/local-stack.ts';
import { startBrowser } from '../support/browser.ts';
import { createFakeResolve } from '../support/fake-resolve.ts';
import { connectMessaging, deploymentId, type MessagingClient } from '../support/messaging-client.ts';

const jane = {
  found: true,
  verified: true,
  consentGiven: true,
  consentType: 'explicit',
  enrichment: 'matched',
  firstName: 'Jane',
  email: 'jane.doe@shop.example',
  crmTier: 'Enterprise',
  historicalTickets: 12,
  integrationSource: 'node-middleware-v1',
};

// Processes and browsers of their own take their time on a busy machine.
jest.setTimeout(120_000);

describe('the agent desktop in a real browser', () => {
  let stack: LocalStack;
  let browser: Browser;
  let page: Page;
  let policyViolations: string[];
  const clients: MessagingClient[] = [];
  let resolve: ReturnType<typeof createFakeResolve>;
  beforeEach(() => {
    resolve = createFakeResolve({
      'ref-jane': jane,
      'ref-mark': { ...jane, firstName: '<img src=x onerror=alert(1)>', verified: false },
      'ref-refused': {
        found: true,
        verified: false,
        consentGiven: false,
        consentType: 'explicit',
        enrichment: 'no_consent',
      },
    });
  });
  beforeAll(async () => {
    stack = await startLocalStack({
      bundles: await buildFunctions(),
      resolve: (event) => resolve.invoke(event),
      genesys: { apiPerMinute: null },
    });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.close();
  });

  const open = async (options: Parameters<Browser['newPage']>[0] = {}): Promise<void> => {
    page = await browser.newPage(options);
    policyViolations = [];
    page.on('console', (line) => {
      if (/Content Security Policy|Refused/.test(line.text())) policyViolations.push(line.text());
    });
    await page.goto(`${stack.description.url}/agent`);
    await page.getByText('Connected.').waitFor();
  };
  afterEach(async () => {
    await page?.close();
    for (const client of clients.splice(0)) client.close();
    stack.genesys.control.reset();
  });

  const visit = async (token: string, customAttributes?: Record<string, string>, text = 'hello') => {
    const client = await connectMessaging(stack.genesys.messagingUrl, { origin: stack.description.url });
    clients.push(client);
    await client.configure(token);
    await client.say(token, text, customAttributes);
    return client;
  };
  const facts = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      await page
        .locator('#facts dt')
        .evaluateAll((terms) =>
          terms.map((term) => [term.textContent ?? '', term.nextElementSibling?.textContent ?? ''] as const),
        ),
    );
  const named = (name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) });

  it('shows who writes, with everything that the flow has found out, and lets the agent answer', async () => {
    await open();
    await page.getByText('Nobody has written yet').waitFor();
    const visitor = await visit('token-jane', { guestReference: 'ref-jane' });
    await named('Jane').waitFor();
    await page.getByRole('heading', { name: 'Jane' }).waitFor();
    expect(await facts()).toEqual({
      Identity: expect.stringMatching(/^Verified/),
      Consent: 'Given, explicit',
      Record: 'Found in the CRM',
      'E-mail': 'jane.doe@shop.example',
      Tier: 'Enterprise',
      'Tickets so far': '12',
      Source: 'node-middleware-v1',
      Contact: 'None',
    });
    await page.getByLabel('Your answer').fill('Hello, Jane!');
    await page.keyboard.press('Enter');
    expect(await visitor.next()).toMatchObject({ body: { text: 'Hello, Jane!', direction: 'Outbound' } });
    await page.locator('#messages li[data-from=agent]', { hasText: 'Hello, Jane!' }).waitFor();
    expect(await page.getByLabel('Your answer').inputValue()).toBe('');
    expect(policyViolations).toEqual([]);
  });

  it('sends an answer once, however often Enter is pressed, and keeps what is typed meanwhile or was not sent', async () => {
    await open();
    const visitor = await visit('token-jane', { guestReference: 'ref-jane' });
    await page.getByRole('heading', { name: 'Jane' }).waitFor();
    let isAway = false;
    let sent = 0;
    await page.route('**/messages', async (route) => {
      sent += 1;
      if (isAway) await route.abort();
      else await route.continue();
    });
    const answer = page.getByLabel('Your answer');
    await answer.fill('Hello, Jane!');
    await page.evaluate(() => {
      const form = document.querySelector<HTMLFormElement>('#reply');
      const input = form?.querySelector('input');
      form?.requestSubmit();
      form?.requestSubmit();
      if (input) input.value = 'And another';
    });
    expect(await visitor.next()).toMatchObject({ body: { text: 'Hello, Jane!' } });
    await page.locator('#messages li[data-from=agent]', { hasText: 'Hello, Jane!' }).waitFor();
    expect([await answer.inputValue(), sent]).toEqual(['And another', 1]);

    isAway = true;
    await answer.press('Enter');
    await page.getByText('The answer was not sent.').waitFor();
    expect(await answer.inputValue()).toBe('And another');
  });

  it('hears a page of the website, whose content policy lets the WebSocket through', async () => {
    await open();
    const website = await browser.newPage();
    await website.goto(stack.description.url);
    await website.evaluate(
      ([url, deploymentId]) =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(`${url}/v1?deploymentId=${deploymentId}`);
          const send = (request: object) => socket.send(JSON.stringify({ token: 'a token', ...request }));
          socket.onerror = () => reject(new Error('The page could not connect.'));
          socket.onopen = () => send({ action: 'configureSession', deploymentId });
          socket.onmessage = ({ data }) => {
            const { class: name } = JSON.parse(data);
            if (name === 'StructuredMessage') resolve(true);
            else {
              const channel = { metadata: { customAttributes: { guestReference: 'ref-jane' } } };
              send({ action: 'onMessage', message: { type: 'Text', text: 'from the page', channel } });
            }
          };
        }),
      [stack.genesys.messagingUrl, deploymentId] as const,
    );
    await page.getByRole('heading', { name: 'Jane' }).waitFor();
    await page.locator('#messages').getByText('from the page').waitFor();
    await website.close();
  });

  it('shows an unknown visitor as unknown', async () => {
    await open();
    await visit('token-1', { guestReference: 'forged', 'guest.verified': 'true' });
    await page.getByRole('heading', { name: 'Unknown visitor' }).waitFor();
    expect(await facts()).toEqual({ Identity: expect.stringMatching(/^Unknown/) });
    expect(await page.locator('#who-mark').textContent()).toBe('unknown');
  });

  it('shows a visitor without consent with nothing of a customer', async () => {
    await open();
    await visit('token-1', { guestReference: 'ref-refused' });
    await page.getByRole('heading', { name: 'Visitor without consent' }).waitFor();
    expect(await facts()).toMatchObject({
      Consent: 'Refused',
      Record: expect.stringMatching(/lack of consent/),
    });
  });

  it('reads no text as HTML', async () => {
    await open();
    await visit('token-1', { guestReference: 'ref-mark' }, '<b>bold</b>');
    await page.getByRole('heading', { name: '<img src=x onerror=alert(1)>' }).waitFor();
    await page.locator('#messages').getByText('<b>bold</b>').waitFor();
    expect(await page.locator('#detail img, #detail b, nav img').count()).toBe(0);
  });

  it('is used by keyboard alone, and an update takes the focus from nobody', async () => {
    await visit('token-1', { guestReference: 'ref-jane' });
    await visit('token-2');
    await open();
    await named('Jane').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Jane' }).waitFor();
    await visit('token-3', undefined, 'a third one');
    await page.getByText('a third one').first().waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Jane/);
    expect(await named('Jane').getAttribute('aria-current')).toBe('true');
  });

  it('shows guests of webchat-v1 with their own attributes', async () => {
    await open();
    const answer = await fetch(stack.description.apiUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ sessionId: 'demo-jane' }),
    });
    expect(answer.status).toBe(200);
    await named('Jane').click();
    await page.getByRole('heading', { name: 'Jane' }).waitFor();
    expect(await facts()).toMatchObject({
      'E-mail': 'jane.doe@shop.example',
      Tier: 'Enterprise',
      'Tickets so far': '12',
    });
    expect(await page.getByLabel('Your answer').isVisible()).toBe(false);
  });

  it.each(['light', 'dark'] as const)(
    'fits a narrow screen and is readable in %s colours',
    async (colorScheme) => {
      await visit('token-1', { guestReference: 'ref-jane' });
      await open({ colorScheme, viewport: { width: 320, height: 640 } });
      await page.getByRole('heading', { name: 'Jane' }).waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background).toBe(colorScheme === 'dark' ? 'rgb(16, 21, 30)' : 'rgb(243, 245, 249)');
    },
  );

  describe('refuses', () => {
    const send = (headers: Record<string, string>, path: string, method = 'POST', body = '{"text":"x"}') =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request(`${stack.description.url}${path}`, { method, headers }, (response) => {
          resolve(response.statusCode);
          response.destroy();
        });
        sent.on('error', reject);
        sent.end(method === 'GET' ? undefined : body);
      });
    const json = { 'content-type': 'application/json' };

    it('other pages and host names, other media types, and conversations that are not there', async () => {
      await visit('token-1');
      const [id] = stack.genesys.conversations.keys();
      const path = `/agent/conversations/${id}/messages`;
      const { url, port } = { url: stack.description.url, port: new URL(stack.description.url).port };
      expect(await send({ ...json, origin: 'https://evil.example' }, path)).toBe(403);
      expect(await send({ ...json, origin: 'null' }, path)).toBe(403);
      expect(await send({ ...json, host: `evil.example:${port}` }, path)).toBe(403);
      expect(await send({ 'content-type': 'text/plain', origin: url }, path)).toBe(415);
      expect(await send({ ...json, origin: url }, path, 'POST', '{"text":" "}')).toBe(400);
      expect(await send({ ...json, origin: url }, path.replace(/[\da-f]{8}-/, '00000000-'))).toBe(404);
      expect(await send({ origin: 'https://evil.example' }, '/agent/events', 'GET')).toBe(403);
      expect(await send({ 'sec-fetch-site': 'cross-site' }, '/agent/events', 'GET')).toBe(403);
      expect(await send({}, '/agent/events', 'DELETE')).toBe(405);
      expect(stack.genesys.desktop.view().conversations[0]?.messages).toHaveLength(1);
      expect(await send({ ...json, origin: url }, path)).toBe(204);
    });
  });
});

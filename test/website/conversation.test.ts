import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { type LocalStack, startLocalStack } from '../../local/local-stack.ts';
import { startBrowser } from '../support/browser.ts';

describe('the chat of the product tour with provider web-messaging', () => {
  let stack: LocalStack;
  let browser: Browser;
  beforeAll(async () => {
    stack = await startLocalStack({ provider: 'web-messaging' });
    browser = await startBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.close();
  });

  it('is a conversation with the agent desktop, which knows who writes', async () => {
    const visitor = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const faults: string[] = [];
    visitor.on('pageerror', ({ message }) => faults.push(message));
    visitor.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await visitor.goto(stack.description.url);
    await visitor.getByRole('button', { name: 'Chat with us' }).click();
    await visitor.getByText('You are connected.').waitFor();
    await visitor.getByLabel('Your message').fill('Where is my tent?');
    await visitor.keyboard.press('Enter');
    expect(await visitor.evaluate(() => document.activeElement?.id)).toBe('message');

    const agent = await browser.newPage();
    await agent.goto(stack.description.url);
    await agent.getByRole('link', { name: 'Agent desktop' }).click();
    await agent.getByRole('heading', { name: 'Jane' }).waitFor();
    await agent.locator('#messages').getByText('Where is my tent?').waitFor();
    await agent.getByLabel('Your answer').fill('On its way, Jane.');
    await agent.keyboard.press('Enter');
    await visitor.locator('#messages .agent').getByText('On its way, Jane.').waitFor();
    expect(await visitor.locator('#messages .you').allInnerTexts()).toEqual(['Where is my tent?']);
    expect(faults).toEqual([]);
  }, 60_000);
});

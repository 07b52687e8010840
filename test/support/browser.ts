import { existsSync } from 'node:fs';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

/** Chromium from npm runs on Linux; elsewhere an installed browser stands in. */
const installed: Readonly<Record<string, readonly string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ],
};

/** Switches for running inside a function: with them, closing a page ends the browser, and CORS is off. */
const unwanted = new Set(['--single-process', '--disable-web-security', '--allow-running-insecure-content']);

/** Nothing but the page under test: no updates, no background requests. */
const quiet = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a real browser. @throws when there is none, saying where it was looked for */
export const startBrowser = async (): Promise<Browser> => {
  if (process.platform === 'linux') {
    const executablePath = await chromium.executablePath();
    const args = [...chromium.args.filter((arg) => !unwanted.has(arg)), ...quiet];
    return await playwright.launch({ executablePath, args, headless: true });
  }
  const places = installed[process.platform] ?? [];
  const executablePath = places.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      `The tests of the page need Chrome or Edge on ${process.platform}; none of these exists: ${places.join(', ')}`,
    );
  }
  return await playwright.launch({ executablePath, args: quiet, headless: true });
};

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWebsite } from '../../../infra/build/website.ts';
import { listen } from '../../../local/http-server.ts';
import type * as client from '../../../website/client/guest-profiles.d.ts';

/** What a test's own page has beside the browser's globals. */
export interface TestPage {
  readonly GuestProfiles: typeof client;
  client: client.GuestClient;
  states: client.GuestState[];
  aborting: AbortController;
  bridge: client.MessengerBridge;
}

const html = (body: string): string =>
  `<!doctype html><html lang="en"><title>A shop</title><link rel="icon" href="data:,">${body}</html>`;

/** A website of its own origin that embeds the built client, as a classic script or as a module. */
export const startWebsite = async () => {
  const folder = `${mkdtempSync(join(tmpdir(), 'website-'))}/`;
  await buildWebsite(folder);
  const pages: Readonly<Record<string, { body: string; headers?: Record<string, string> }>> = {
    '/': { body: html('<script src="/guest-profiles.js"></script>') },
    '/module': {
      body: html(
        `<script type="module">import * as GuestProfiles from '/guest-profiles.mjs'; globalThis.GuestProfiles = GuestProfiles;</script>`,
      ),
    },
    // An opaque origin: the browser gives it neither storage nor locks.
    '/sandbox': {
      body: html('<script src="/guest-profiles.js"></script>'),
      headers: { 'content-security-policy': 'sandbox allow-scripts' },
    },
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const page = pages[pathname] ?? (pathname.includes('.') ? undefined : pages['/']);
    if (page !== undefined) {
      response.writeHead(200, { 'content-type': 'text/html', ...page.headers }).end(page.body);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/javascript' });
    response.end(readFileSync(join(folder, pathname)));
  };
  const running = await listen(createServer(serve));
  return {
    url: running.url,
    folder,
    close: async () => {
      await running.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
export type Website = Awaited<ReturnType<typeof startWebsite>>;

import type { IncomingMessage, ServerResponse } from 'node:http';
import * as v from 'valibot';
import type { AgentDesktop } from './genesys/agent-desktop.ts';
import { readBody } from './http-server.ts';
import { foreignPage } from './tools-only.ts';

/** Answers a request, or says that it is not its own by `false`. */
export type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;

const replySchema = v.strictObject({ text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(4096)) });
/** Several changes in a row are shown as one. */
const settleMs = 20;

const send = (response: ServerResponse, status: number, message?: string): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(message === undefined ? undefined : JSON.stringify({ message }));
};

/** The desk, again after every change, as server-sent events. */
const stream = (response: ServerResponse, desktop: AgentDesktop): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let timer: NodeJS.Timeout | undefined;
  const write = (): void => {
    timer = undefined;
    response.write(`data: ${JSON.stringify(desktop.view())}\n\n`);
  };
  const end = desktop.onChange(() => {
    timer ??= setTimeout(write, settleMs);
  });
  response.once('close', () => {
    clearTimeout(timer);
    end();
  });
  write();
};

const reply = async (
  request: IncomingMessage,
  response: ServerResponse,
  desktop: AgentDesktop,
  conversationId: string,
): Promise<void> => {
  if (!/^application\/json(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
    send(response, 415, 'The body must be application/json.');
    return;
  }
  const body = (await readBody(request)).toString('utf8');
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), replySchema), body);
  if (!parsed.success) send(response, 400, 'The body must be { "text": "…" }.');
  else if (desktop.reply(conversationId, parsed.output.text)) send(response, 204);
  else send(response, 404, 'There is no such conversation.');
};

/**
 * What the page of the agent desktop asks for, on the gateway's own port: `GET /agent/events` and
 * `POST /agent/conversations/{id}/messages`. Other pages and host names are refused.
 */
export const agentRoutes =
  (desktop: () => AgentDesktop | undefined): Route =>
  (request, response, { pathname }) => {
    const [, conversationId] = /^\/agent\/conversations\/([\da-f-]{36})\/messages$/.exec(pathname) ?? [];
    if (pathname !== '/agent/events' && conversationId === undefined) return false;
    const current = desktop();
    const isRead = conversationId === undefined;
    if (foreignPage(request)) send(response, 403, 'Only the page of the agent desktop may do this.');
    else if (request.method !== (isRead ? 'GET' : 'POST')) send(response, 405, 'Method Not Allowed');
    else if (current === undefined) send(response, 503, 'The local stack is starting.');
    else if (isRead) stream(response, current);
    else reply(request, response, current, conversationId).catch(() => response.destroy());
    return true;
  };

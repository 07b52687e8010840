import { createGuestClient } from '../client/guest-client.ts';
import type { GuestClient } from '../client/guest-profiles.d.ts';
import { byId } from '../element.ts';
import { createChatView } from './chat-view.ts';
import { recordingFetch } from './exchange.ts';
import { exchangeView } from './exchange-view.ts';
import { showFaultSwitches } from './fault-switches.ts';
import { createLatencyView } from './latency-view.ts';
import { sequenceView } from './sequence-view.ts';
import { showSnippets } from './snippets.ts';
import { showVisitors } from './visitor-choice.ts';

const endpoint = '/api/webchat/init';
const openButton = byId('open-chat', HTMLButtonElement);
const cancelButton = byId('cancel', HTMLButtonElement);
const chatBox = byId('chat', HTMLElement);
const chat = createChatView();
const latencyView = createLatencyView();

let client: GuestClient | undefined;
let clientOf: string | undefined;
let asking: AbortController | undefined;
let attempts = 0;

const record = recordingFetch((exchange) => {
  attempts += 1;
  byId('sequence', HTMLDivElement).replaceChildren(...sequenceView(exchange, attempts));
  byId('exchange', HTMLDivElement).replaceChildren(...exchangeView(exchange));
  byId('latency', HTMLDivElement).replaceChildren(...latencyView(exchange));
});

/** Another visitor is another session, and has a client of their own. */
const clientFor = (sessionId: string): GuestClient => {
  if (client !== undefined && clientOf === sessionId) return client;
  client?.close();
  client = createGuestClient({ endpoint, sessionId, storage: 'memory', maxWaitMs: 60_000, fetch: record });
  clientOf = sessionId;
  client.subscribe((state) => {
    if (asking !== undefined) chat.show(state);
  });
  return client;
};

/** On a narrow screen the chat may be below the edge. */
const bringIntoView = (): void => {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  chatBox.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' });
};

/** The button stays what it is: disabling it would throw the focus away. */
const setBusy = (busy: boolean): void => {
  openButton.setAttribute('aria-disabled', String(busy));
  if (!busy && document.activeElement === cancelButton) openButton.focus();
  cancelButton.hidden = !busy;
};

const cancel = (): void => asking?.abort();

const visitors = await showVisitors();

const openChat = async (): Promise<void> => {
  if (asking !== undefined) return;
  const { sessionId, ...consent } = visitors.current();
  const mine = new AbortController();
  asking = mine;
  attempts = 0;
  chat.endConversation();
  setBusy(true);
  try {
    const guest = await clientFor(sessionId).init({ ...consent, renew: true, signal: mine.signal });
    chat.converse(guest);
  } catch {
    // A failure was shown by the client's state already.
    if (mine.signal.aborted) chat.cancelled();
  } finally {
    asking = undefined;
    setBusy(false);
    bringIntoView();
  }
};

byId('chat-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  bringIntoView();
  void openChat();
});
cancelButton.addEventListener('click', cancel);
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') cancel();
});
const drawSnippets = showSnippets(byId('snippets', HTMLDivElement), new URL(endpoint, location.href).href);
visitors.onChange(drawSnippets);
drawSnippets(visitors.current());
showFaultSwitches();

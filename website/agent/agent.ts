import { byId, definitions, element } from '../element.ts';
import type { Desk, DeskConversation } from './desk.ts';
import { createVisitorList } from './visitor-list.ts';
import { type Who, whoIsGuest, whoWrites } from './who.ts';

const status = byId('status', HTMLParagraphElement);
const name = byId('who-name', HTMLHeadingElement);
const mark = byId('who-mark', HTMLParagraphElement);
const facts = byId('facts', HTMLDListElement);
const chat = byId('chat', HTMLDivElement);
const log = byId('log', HTMLDivElement);
const messageList = byId('messages', HTMLOListElement);
const form = byId('reply', HTMLFormElement);
const input = byId('text', HTMLInputElement);
const problem = byId('reply-error', HTMLParagraphElement);

// Not every browser lets the keyboard scroll a region that cannot have the focus.
log.tabIndex = 0;

let desk: Desk = { conversations: [], guests: [] };
let chosen: string | undefined;

const choose = (id: string): void => {
  chosen = id;
  problem.textContent = '';
  render();
};
const showConversations = createVisitorList(byId('conversations', HTMLUListElement), choose);
const showGuests = createVisitorList(byId('guests', HTMLUListElement), choose);

const showWho = (who: Who): void => {
  name.textContent = who.name;
  mark.hidden = false;
  mark.dataset['mark'] = who.mark;
  mark.textContent = who.mark;
  facts.replaceChildren(...definitions(who.facts));
};

const messageItem = ({ from, at, text }: DeskConversation['messages'][number]): HTMLLIElement => {
  const time = element('time', { dateTime: at, textContent: new Date(at).toLocaleTimeString() });
  const item = element(
    'li',
    {},
    element('span', { className: 'from', textContent: from === 'agent' ? 'You' : 'Visitor' }),
    element('p', { textContent: text }),
    time,
  );
  item.dataset['from'] = from;
  return item;
};

let shownLog: string | undefined;
/** Adds what is new: a log that is rebuilt would be read out again. */
const showMessages = ({ id, messages }: DeskConversation): void => {
  if (shownLog !== id) messageList.replaceChildren();
  shownLog = id;
  const added = messages.slice(messageList.children.length).map(messageItem);
  messageList.append(...added);
  if (added.length > 0) log.scrollTop = log.scrollHeight;
};

const render = (): void => {
  const { conversations, guests } = desk;
  byId('no-conversations', HTMLParagraphElement).hidden = conversations.length > 0;
  byId('guests-part', HTMLDivElement).hidden = guests.length === 0;
  chosen ??= conversations[0]?.id ?? guests[0]?.id;
  showConversations(
    conversations.map((conversation) => ({
      id: conversation.id,
      who: whoWrites(conversation),
      line: conversation.messages.at(-1)?.text ?? 'No message yet',
    })),
    chosen,
  );
  showGuests(
    guests.map((guest) => ({ id: guest.id, who: whoIsGuest(guest), line: guest.email })),
    chosen,
  );
  const conversation = conversations.find(({ id }) => id === chosen);
  const guest = guests.find(({ id }) => id === chosen);
  chat.hidden = conversation === undefined;
  if (conversation !== undefined) {
    showWho(whoWrites(conversation));
    showMessages(conversation);
  } else if (guest !== undefined) showWho(whoIsGuest(guest));
};

const send = async (text: string): Promise<void> => {
  problem.textContent = '';
  const answer = await fetch(`/agent/conversations/${encodeURIComponent(chosen ?? '')}/messages`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ text }),
  }).catch(() => undefined);
  if (!answer?.ok) {
    problem.textContent = 'The answer was not sent. Is the local stack running?';
    input.value ||= text;
  }
  input.focus();
};

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (text === '') return;
  input.value = '';
  void send(text);
});

const events = new EventSource('/agent/events');
events.addEventListener('open', () => {
  status.textContent = 'Connected.';
});
events.addEventListener('error', () => {
  status.textContent = 'The local stack does not answer; trying again …';
});
events.addEventListener('message', ({ data }) => {
  desk = JSON.parse(data) as Desk;
  const known = [...desk.conversations, ...desk.guests].some(({ id }) => id === chosen);
  if (!known) chosen = undefined;
  render();
});

import type { Guest, GuestState } from '../client/guest-profiles.d.ts';
import { byId, definitions, element } from '../element.ts';
import { type Conversation, openConversation } from './conversation.ts';
import { attributesTitle, enrichmentText, failureAdvice, failureText, waitingText } from './words.ts';

type Kind = 'none' | 'wait' | 'good' | 'bad';

const guestView = (guest: Guest): readonly Node[] => {
  const attributes = Object.entries(guest.crmAttributes).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return [
    element('p', { className: 'hint', textContent: enrichmentText(guest) }),
    element(
      'dl',
      {},
      ...definitions([
        ['Guest', guest.guestId],
        ['Valid until', new Date(guest.expiresAt).toLocaleString()],
      ]),
    ),
    ...(attributes.length === 0
      ? []
      : [
          element('h4', { textContent: attributesTitle(guest) }),
          element('dl', { id: 'attributes' }, ...definitions(attributes)),
        ]),
  ];
};

/** The shop's chat: what the client is doing, whom it opened for, and the conversation where there is one. */
export const createChatView = () => {
  const status = byId('status', HTMLParagraphElement);
  const statusText = byId('status-text', HTMLSpanElement);
  const countdown = byId('countdown', HTMLSpanElement);
  const place = byId('guest', HTMLDivElement);
  const messages = byId('messages', HTMLDivElement);
  const form = byId('message-form', HTMLFormElement);
  const input = byId('message', HTMLInputElement);
  let conversation: Conversation | undefined;

  const show = (kind: Kind, text: string, content: readonly Node[] = []): void => {
    status.dataset['kind'] = kind;
    // Unchanged text is not announced again, the countdown beside it never.
    if (statusText.textContent !== text) statusText.textContent = text;
    countdown.textContent = '';
    place.replaceChildren(...content);
  };
  const add = (who: 'you' | 'agent' | 'note', text: string): void => {
    messages.append(element('p', { className: who, textContent: text }));
    messages.scrollTop = messages.scrollHeight;
  };
  const endConversation = (): void => {
    conversation?.close();
    conversation = undefined;
    form.hidden = true;
    messages.replaceChildren();
  };

  const converse = (guest: Guest): void => {
    endConversation();
    if (guest.messaging === undefined) {
      add(
        'note',
        'The guest is registered. Your chat widget takes over here, with the token; this stack has no agent for provider webchat-v1.',
      );
      return;
    }
    conversation = openConversation(guest, {
      onOpen: () => {
        form.hidden = false;
        add('note', 'You are connected. The agent desktop shows what you write.');
      },
      onMessage: (text) => add('agent', text),
      onClose: (reason) => {
        form.hidden = true;
        add('note', reason);
      },
    });
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === '') return;
    conversation?.send(text);
    add('you', text);
    input.value = '';
  });

  return {
    cancelled: (): void => show('none', 'Cancelled.'),
    converse,
    endConversation,
    /** What the client says about itself. */
    show: (state: GuestState): void => {
      if (state.name === 'asking') show('wait', 'Opening the chat …');
      else if (state.name === 'waiting') {
        show('wait', waitingText(state.reason));
        if (state.secondsLeft !== undefined) countdown.textContent = ` ${state.secondsLeft} s`;
      } else if (state.name === 'ready') show('good', 'The chat is open.', guestView(state.guest));
      else if (state.name === 'failed') {
        const { error } = state;
        show('bad', failureText(error), [
          element('p', { className: 'hint', textContent: failureAdvice(error) }),
          element(
            'ul',
            { className: 'faults' },
            ...error.errors.map(({ path, message }) => element('li', { textContent: `${path} ${message}` })),
          ),
          element(
            'dl',
            {},
            ...definitions([
              ['Code', error.code],
              ...(error.status === undefined ? [] : [['HTTP status', String(error.status)] as const]),
              ...(error.requestId === undefined ? [] : [['Request id', error.requestId] as const]),
            ]),
          ),
        ]);
      }
    },
  };
};

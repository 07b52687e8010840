import type { Desk, DeskConversation } from '../../website/agent/desk.ts';
import type { Conversation } from './conversations.ts';
import { guestDataPrefix } from './inbound-flow.ts';
import type { Organisation } from './organisation.ts';

/** What a page of the agent desktop may do. */
export interface AgentDesktop {
  view(): Desk;
  /** @returns false where there is no such conversation with the agents */
  reply(conversationId: string, text: string): boolean;
  /** Told after every change. @returns ends that */
  onChange(listener: () => void): () => void;
}

const shownEntries = 100;
const iso = (ms: number): string => new Date(ms).toISOString();

const guestData = (attributes: Conversation['attributes']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      name.startsWith(guestDataPrefix) && value !== '' ? [[name.slice(guestDataPrefix.length), value]] : [],
    ),
  );

export const createAgentDesktop = ({ conversations, contacts, guests }: Organisation): AgentDesktop => {
  const contactOf = ({ externalContactId }: Conversation): Pick<DeskConversation, 'contact'> => {
    const found = externalContactId === undefined ? undefined : contacts.all.get(externalContactId);
    if (found === undefined) return {};
    const { id, firstName } = found;
    return { contact: { id, ...(firstName === undefined ? {} : { firstName }) } };
  };
  const latest = <T>(all: Iterable<T>): T[] => [...all].slice(-shownEntries).reverse();
  return {
    view: () => ({
      conversations: latest(conversations.all.values()).map((conversation) => ({
        id: conversation.id,
        state: conversation.state,
        guest: guestData(conversation.attributes),
        ...contactOf(conversation),
        messages: conversation.messages.map(({ atMs, ...message }) => ({ ...message, at: iso(atMs) })),
      })),
      guests: latest(guests.all.values()).map(
        ({ id, name, email, consentGiven, consentType, attributes = {} }) => ({
          id,
          name,
          email,
          consentGiven,
          consentType,
          attributes,
        }),
      ),
    }),
    reply: (conversationId, text) => {
      const conversation = conversations.all.get(conversationId);
      if (conversation === undefined || conversation.state !== 'queue') return false;
      conversations.addMessage(conversation, 'agent', text);
      return true;
    },
    onChange: (listener) => {
      const ends = [conversations.onChange(listener), guests.onChange(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
  };
};

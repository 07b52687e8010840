import * as v from 'valibot';
import { type Answer, refuse } from './answer.ts';
import type { Conversation, Conversations } from './conversations.ts';
import { parseJsonBody } from './json-body.ts';

const text = v.pipe(v.string(), v.minLength(1));
const mediaTypes = [
  'CALL',
  'CALLBACK',
  'CHAT',
  'COBROWSE',
  'EMAIL',
  'MESSAGE',
  'VIDEO',
  'SCREENSHARE',
] as const;
const associationSchema = v.strictObject({
  externalContactId: v.optional(text),
  conversationId: text,
  communicationId: text,
  mediaType: v.picklist(mediaTypes),
});
const attributesSchema = v.strictObject({ attributes: v.record(v.string(), v.string()) });
const messageSchema = v.strictObject({ textBody: text });

const shown = (conversation: Conversation) => {
  const { id, participantId, communicationId, attributes, externalContactId, messages } = conversation;
  return {
    id,
    startTime: new Date(conversation.startedAtMs).toISOString(),
    participants: [
      {
        id: participantId,
        purpose: 'customer',
        attributes,
        ...(externalContactId === undefined ? {} : { externalContactId }),
        messages: [
          {
            id: communicationId,
            state: 'connected',
            type: 'webmessaging',
            messages: messages.map((message) => ({
              messageId: message.id,
              messageTime: new Date(message.atMs).toISOString(),
            })),
          },
        ],
      },
      { id: `acd-${id}`, purpose: 'acd', attributes: {}, messages: [{ id: `acd-${communicationId}` }] },
    ],
    selfUri: `/api/v2/conversations/${id}`,
  };
};

/** The endpoints of conversations that data actions and agents use. */
export const createConversationApi = (
  conversations: Conversations,
  contacts: { readonly has: (id: string) => boolean },
) => {
  const find = (id: string): Conversation => {
    const found = conversations.all.get(id);
    if (found === undefined) throw refuse(404, 'not.found', 'The conversation does not exist');
    return found;
  };
  return {
    read: (id: string): Answer => ({ status: 200, body: shown(find(id)) }),
    associate: (id: string, contentType: string, body: string): Answer => {
      const association = parseJsonBody(contentType, body, associationSchema);
      const conversation = find(id);
      const { conversationId, communicationId, externalContactId } = association;
      if (conversationId !== id || communicationId !== conversation.communicationId) {
        throw refuse(400, 'bad.request', 'Conversation or communication do not go with the path');
      }
      if (externalContactId !== undefined && !contacts.has(externalContactId)) {
        throw refuse(404, 'not.found', 'The contact does not exist');
      }
      conversations.associate(conversation, externalContactId);
      return { status: 204 };
    },
    setAttributes: (id: string, participantId: string, contentType: string, body: string): Answer => {
      const { attributes } = parseJsonBody(contentType, body, attributesSchema);
      const conversation = find(id);
      if (participantId !== conversation.participantId) {
        throw refuse(404, 'not.found', 'The participant does not exist');
      }
      conversations.setAttributes(conversation, attributes);
      return { status: 200, body: { attributes: conversation.attributes } };
    },
    send: (id: string, communicationId: string, contentType: string, body: string): Answer => {
      const { textBody } = parseJsonBody(contentType, body, messageSchema);
      const conversation = find(id);
      if (communicationId !== conversation.communicationId) {
        throw refuse(404, 'not.found', 'The communication does not exist');
      }
      const sent = conversations.addMessage(conversation, 'agent', textBody);
      return {
        status: 200,
        body: {
          id: sent.id,
          conversationId: id,
          direction: 'outbound',
          timestamp: new Date(sent.atMs).toISOString(),
          status: 'sent',
        },
      };
    },
  };
};

import { randomUUID } from 'node:crypto';

export interface ChatMessage {
  readonly id: string;
  readonly atMs: number;
  readonly from: 'visitor' | 'agent';
  readonly text: string;
}

/** A conversation as the simulated organisation holds it. */
export interface Conversation {
  readonly id: string;
  /** Of the visitor. */
  readonly participantId: string;
  readonly communicationId: string;
  readonly startedAtMs: number;
  /** Participant data of the visitor. */
  attributes: Readonly<Record<string, string>>;
  externalContactId: string | undefined;
  messages: readonly ChatMessage[];
  /** In the inbound message flow, or with the agents. */
  state: 'flow' | 'queue';
}

export interface Conversations {
  readonly all: ReadonlyMap<string, Conversation>;
  start(): Conversation;
  /** Adds participant data; the values of the same names are replaced. */
  setAttributes(conversation: Conversation, attributes: Readonly<Record<string, string>>): void;
  associate(conversation: Conversation, externalContactId: string | undefined): void;
  queue(conversation: Conversation): void;
  addMessage(conversation: Conversation, from: ChatMessage['from'], text: string): ChatMessage;
  /** Told of every message, such as by the visitor's connections. */
  onMessage(listener: (conversation: Conversation, message: ChatMessage) => void): void;
  /** Told after every change. @returns ends that */
  onChange(listener: () => void): () => void;
  clear(): void;
}

export const createConversations = (now: () => number): Conversations => {
  const all = new Map<string, Conversation>();
  const messageListeners: ((conversation: Conversation, message: ChatMessage) => void)[] = [];
  const changeListeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of changeListeners) listener();
  };
  return {
    all,
    start: () => {
      const conversation: Conversation = {
        id: randomUUID(),
        participantId: randomUUID(),
        communicationId: randomUUID(),
        startedAtMs: now(),
        attributes: {},
        externalContactId: undefined,
        messages: [],
        state: 'flow',
      };
      all.set(conversation.id, conversation);
      changed();
      return conversation;
    },
    setAttributes: (conversation, attributes) => {
      conversation.attributes = { ...conversation.attributes, ...attributes };
      changed();
    },
    associate: (conversation, externalContactId) => {
      conversation.externalContactId = externalContactId;
      changed();
    },
    queue: (conversation) => {
      conversation.state = 'queue';
      changed();
    },
    addMessage: (conversation, from, text) => {
      const message = { id: randomUUID(), atMs: now(), from, text };
      conversation.messages = [...conversation.messages, message];
      for (const listener of messageListeners) listener(conversation, message);
      changed();
      return message;
    },
    onMessage: (listener) => void messageListeners.push(listener),
    onChange: (listener) => {
      changeListeners.add(listener);
      return () => void changeListeners.delete(listener);
    },
    clear: () => {
      all.clear();
      changed();
    },
  };
};

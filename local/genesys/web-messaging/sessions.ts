import type { Conversation, Conversations } from '../conversations.ts';
import { createRate, type Rate } from './rate.ts';
import { type Frame, message, structuredMessage } from './responses.ts';

/** One open socket of a visitor. */
export interface Connection {
  send(frame: Frame): void;
  /** Says why, then closes the socket. */
  end(reason?: string): void;
}

/** What a token opens: whoever holds it resumes the session. */
export interface Session {
  readonly token: string;
  readonly deploymentId: string;
  readonly expiresAtMs: number;
  readonly connections: Set<Connection>;
  readonly messageRate: Rate;
  readonly configureRate: Rate;
  conversation: Conversation | undefined;
}

export interface Sessions {
  /** The session of a token, expired ones too. */
  find(token: string): Session | undefined;
  /** A new session in the place of any other one of this token, whose configurations still count. */
  create(token: string, deploymentId: string, lifetimeSeconds: number): Session;
  isExpired(session: Session): boolean;
  /** Ends every session's connections and forgets them all. */
  clear(): void;
}

/** Sends a frame to every connection of a session. */
export const broadcast = ({ connections }: Session, frame: Frame): void => {
  for (const connection of connections) connection.send(frame);
};

export const createSessions = (conversations: Conversations, now: () => number): Sessions => {
  const all = new Map<string, Session>();
  conversations.onMessage((conversation, { from, ...sent }) => {
    // The visitor's own messages are confirmed where they arrive, with their tracing id.
    if (from === 'visitor') return;
    const frame = message('StructuredMessage', structuredMessage({ ...sent, direction: 'Outbound' }));
    for (const session of all.values()) {
      if (session.conversation === conversation) broadcast(session, frame);
    }
  });
  return {
    find: (token) => all.get(token),
    create: (token, deploymentId, lifetimeSeconds) => {
      const session: Session = {
        token,
        deploymentId,
        expiresAtMs: now() + lifetimeSeconds * 1000,
        connections: new Set(),
        messageRate: createRate(1000),
        configureRate: all.get(token)?.configureRate ?? createRate(60_000),
        conversation: undefined,
      };
      all.set(token, session);
      return session;
    },
    isExpired: ({ expiresAtMs }) => expiresAtMs <= now(),
    clear: () => {
      for (const { connections } of all.values()) for (const connection of connections) connection.end();
      all.clear();
    },
  };
};

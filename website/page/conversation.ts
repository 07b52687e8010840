import type { Guest } from '../client/guest-profiles.d.ts';

export interface ConversationEvents {
  /** The session is configured: messages may be sent. */
  onOpen(): void;
  onMessage(text: string): void;
  /** The conversation is over, or never began. */
  onClose(reason: string): void;
}

export interface Conversation {
  send(text: string): void;
  close(): void;
}

/** As far as this example reads it; published in Genesys' own clients. */
interface ServerMessage {
  readonly class?: string;
  readonly code?: number;
  readonly body?: string | { readonly direction?: string; readonly text?: string };
}

/** These end a session on the server's side. */
const endings: Readonly<Record<string, string>> = {
  SessionExpiredEvent: 'The session has expired.',
  SessionClearedEvent: 'The conversation was cleared.',
  ConnectionClosedEvent: 'The conversation goes on in another window.',
  LogoutEvent: 'You were signed out.',
};

/** A raw Web Messaging client in one function: the guest's token opens the session, its reference rides on each message. */
export const openConversation = (
  { accessToken, messaging }: Guest,
  { onOpen, onMessage, onClose }: ConversationEvents,
): Conversation => {
  if (messaging === undefined) throw new Error('This provider has no conversation of its own.');
  const { deploymentId, websocketUrl, customAttributes } = messaging;
  const socket = new WebSocket(websocketUrl);
  let open = true;
  const end = (reason: string): void => {
    if (!open) return;
    open = false;
    socket.close();
    onClose(reason);
  };
  const say = (action: string, more: object): void =>
    socket.send(JSON.stringify({ action, token: accessToken, tracingId: crypto.randomUUID(), ...more }));

  const hear = ({ class: kind = '', code = 200, body }: ServerMessage): void => {
    const ending = endings[kind];
    if (ending !== undefined) end(ending);
    else if (code >= 400) end(typeof body === 'string' ? body : `The server said ${code}.`);
    else if (kind === 'SessionResponse') onOpen();
    // What the visitor wrote comes back as "Inbound"; it is on the screen already.
    else if (kind === 'StructuredMessage' && typeof body === 'object' && body.direction === 'Outbound') {
      onMessage(body.text ?? '');
    }
  };
  socket.addEventListener('open', () => say('configureSession', { deploymentId }));
  socket.addEventListener('message', ({ data }) => {
    try {
      hear(JSON.parse(data));
    } catch {
      // Not a message of this protocol.
    }
  });
  socket.addEventListener('close', () => end('The connection was closed.'));
  return {
    send: (text) =>
      say('onMessage', { message: { type: 'Text', text, channel: { metadata: { customAttributes } } } }),
    close: () => end('You closed the chat.'),
  };
};

import type { Conversation, Conversations } from '../conversations.ts';
import type { Settings } from '../settings.ts';
import { type RequestOf, readRequest } from './requests.ts';
import {
  message,
  Problem,
  problem,
  response,
  sessionResponse,
  structuredMessage,
  tooManyRequests,
} from './responses.ts';
import { broadcast, type Connection, type Session, type Sessions } from './sessions.ts';

export interface VisitorOptions {
  readonly connection: Connection;
  /** That the socket was opened for. */
  readonly deploymentId: string;
  readonly sessions: Sessions;
  readonly conversations: Conversations;
  readonly settings: () => Settings;
  /** Begins the inbound message flow of a conversation that has begun. */
  readonly startFlow: (conversation: Conversation) => void;
  readonly now: () => number;
}

export interface Visitor {
  /** Works off one frame of the visitor's client. */
  receive(frame: string): void;
  leave(): void;
}

/** The server's side of one socket of the guest protocol. */
export const createVisitor = (options: VisitorOptions): Visitor => {
  const { connection, deploymentId, sessions, conversations, settings, startFlow, now } = options;
  let current: Session | undefined;

  const leave = (): void => {
    current?.connections.delete(connection);
    current = undefined;
  };

  const join = (session: Session): void => {
    leave();
    current = session;
    session.connections.add(connection);
    const [oldest] = session.connections;
    if (session.connections.size > settings().connectionsPerSession) oldest?.end();
  };

  const configure = (request: RequestOf<'configureSession'>): void => {
    const { token, startNew, tracingId } = request;
    const existing = sessions.find(token);
    if (request.deploymentId !== deploymentId || (existing?.deploymentId ?? deploymentId) !== deploymentId) {
      throw problem(403, 'The deployment is not the one of this connection or session.', tracingId);
    }
    if (existing !== undefined && !startNew && sessions.isExpired(existing)) {
      connection.send(response('SessionExpiredEvent', {}, tracingId));
      return;
    }
    const isNew = existing === undefined || startNew;
    const session = isNew
      ? sessions.create(token, deploymentId, settings().messagingSessionSeconds)
      : existing;
    const waitSeconds = session.configureRate.take(settings().configuresPerMinute, now());
    if (waitSeconds > 0) throw tooManyRequests(waitSeconds, 'configureSession requests', tracingId);
    join(session);
    if (isNew) for (const other of existing?.connections ?? []) other.end();
    connection.send(
      sessionResponse(
        { isNew, hasCleared: isNew && existing !== undefined, expiresAtMs: session.expiresAtMs },
        settings().messagingSessionSeconds,
        tracingId,
      ),
    );
  };

  /** The session that this socket has configured. @throws Problem where there is none, or it is over */
  const sessionOf = ({ token, tracingId }: { token: string; tracingId?: string | undefined }): Session => {
    if (current === undefined || current.token !== token) {
      throw problem(4007, 'The session is not configured on this connection.', tracingId);
    }
    if (sessions.isExpired(current)) throw problem(4006, 'The session has expired.', tracingId);
    return current;
  };

  const converse = (session: Session, { message: sent }: RequestOf<'onMessage'>): Conversation => {
    const begins = session.conversation === undefined;
    session.conversation ??= conversations.start();
    const { participantDataPrefix } = settings();
    const custom = Object.entries(sent.channel?.metadata.customAttributes ?? {});
    const named = custom.map(([name, value]) => [`${participantDataPrefix}${name}`, value]);
    if (named.length > 0) conversations.setAttributes(session.conversation, Object.fromEntries(named));
    if (begins) startFlow(session.conversation);
    return session.conversation;
  };

  const clear = (session: Session): void => {
    session.conversation = undefined;
    broadcast(session, message('SessionClearedEvent', {}));
  };

  const onMessage = (request: RequestOf<'onMessage'>): void => {
    const session = sessionOf(request);
    const { message: sent, tracingId } = request;
    const waitSeconds = session.messageRate.take(settings().messagesPerSecond, now());
    if (waitSeconds > 0) throw tooManyRequests(waitSeconds, 'messages', tracingId);
    if (sent.type === 'Text') {
      const { id, atMs, text } = conversations.addMessage(converse(session, request), 'visitor', sent.text);
      const confirmed = structuredMessage({ id, text, atMs, direction: 'Inbound' });
      broadcast(session, message('StructuredMessage', confirmed, tracingId));
      return;
    }
    for (const event of sent.events) {
      if (event.eventType !== 'Presence') continue;
      if (event.presence.type === 'Join') converse(session, request);
      else clear(session);
    }
  };

  const echo = (request: RequestOf<'echo'>): void => {
    sessionOf(request);
    const { message: sent, tracingId } = request;
    const { text, metadata } = sent;
    connection.send(
      response(
        'StructuredMessage',
        {
          id: 'echo',
          type: 'Text',
          text,
          direction: 'Inbound',
          ...(metadata === undefined ? {} : { metadata }),
        },
        tracingId,
      ),
    );
  };

  const close = (request: RequestOf<'closeSession'>): void => {
    const session = sessionOf(request);
    for (const each of request.closeAllConnections ? [...session.connections] : [connection]) each.end();
  };

  const work = (frame: string): void => {
    const request = readRequest(frame);
    switch (request.action) {
      case 'configureSession':
        configure(request);
        break;
      case 'onMessage':
        onMessage(request);
        break;
      case 'echo':
        echo(request);
        break;
      case 'closeSession':
        close(request);
        break;
    }
  };

  return {
    receive: (frame) => {
      try {
        work(frame);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        connection.send(error.frame);
      }
    },
    leave,
  };
};

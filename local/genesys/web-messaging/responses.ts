/** One frame to a client: class, code and body as Genesys' own clients read them. */
export interface Frame {
  readonly type: 'response' | 'message';
  readonly class:
    | 'SessionResponse'
    | 'StructuredMessage'
    | 'SessionExpiredEvent'
    | 'SessionClearedEvent'
    | 'ConnectionClosedEvent'
    | 'TooManyRequestsErrorMessage'
    | 'string';
  readonly code: number;
  readonly body: unknown;
  readonly tracingId?: string;
}

const traced = (tracingId: string | undefined) => (tracingId === undefined ? {} : { tracingId });

export const response = (name: Frame['class'], body: unknown, tracingId?: string): Frame => ({
  type: 'response',
  class: name,
  code: 200,
  body,
  ...traced(tracingId),
});

export const message = (name: Frame['class'], body: unknown, tracingId?: string): Frame => ({
  ...response(name, body, tracingId),
  type: 'message',
});

/** Largest custom attributes of a message: UTF-8 bytes of their JSON. */
export const maxCustomDataBytes = 2048;

/** What a client learns of the session that it has configured. */
export const sessionResponse = (
  session: { readonly isNew: boolean; readonly hasCleared: boolean; readonly expiresAtMs: number },
  durationSeconds: number,
  tracingId?: string,
): Frame =>
  response(
    'SessionResponse',
    {
      connected: true,
      newSession: session.isNew,
      readOnly: false,
      clearedExistingSession: session.hasCleared,
      maxCustomDataBytes,
      allowedMedia: { inbound: { fileTypes: [] } },
      blockedExtensions: [],
      durationSeconds,
      expirationDate: Math.floor(session.expiresAtMs / 1000),
    },
    tracingId,
  );

/** A text on its way to the visitor (Outbound), or the visitor's own one confirmed (Inbound). */
export const structuredMessage = ({
  id,
  text,
  atMs,
  direction,
}: {
  readonly id: string;
  readonly text: string;
  readonly atMs: number;
  readonly direction: 'Inbound' | 'Outbound';
}) => ({
  id,
  type: 'Text',
  text,
  direction,
  channel: { time: new Date(atMs).toISOString(), messageId: id, type: 'Private', to: {}, from: {} },
  ...(direction === 'Outbound' ? { originatingEntity: 'Human' } : {}),
});

/** A refused request; the frame is what the client gets. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(readonly frame: Frame) {
    super(`Refused with ${frame.code}`);
  }
}

/** An error: its code, and a text as body. */
export const problem = (code: number, text: string, tracingId?: string): Problem =>
  new Problem({ ...response('string', text, tracingId), code });

export const tooManyRequests = (retryAfter: number, what: string, tracingId?: string): Problem =>
  new Problem({
    ...response(
      'TooManyRequestsErrorMessage',
      { retryAfter, errorCode: 4029, errorMessage: `Too many ${what} for this session.` },
      tracingId,
    ),
    code: 429,
  });

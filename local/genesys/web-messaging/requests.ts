import * as v from 'valibot';
import { maxCustomDataBytes, type Problem, problem } from './responses.ts';

/** Longest text of a message, in UTF-16 code units. */
export const maxTextLength = 4096;

const token = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));
const common = { token, tracingId: v.optional(v.string()) };
const customer = v.strictObject({ id: v.string(), idType: v.string() });
const customerSession = v.strictObject({ id: v.string(), type: v.string() });
const journeyContext = v.strictObject({
  customer,
  customerSession,
  triggeringAction: v.optional(v.looseObject({})),
});
const channel = v.strictObject({
  metadata: v.strictObject({ customAttributes: v.record(v.string(), v.string()) }),
});
const metadata = v.record(v.string(), v.string());
const textMessage = v.strictObject({
  type: v.literal('Text'),
  text: v.string(),
  content: v.optional(v.array(v.unknown())),
  metadata: v.optional(metadata),
  channel: v.optional(channel),
});
const eventMessage = v.strictObject({
  type: v.literal('Event'),
  events: v.pipe(
    v.array(
      v.variant('eventType', [
        v.strictObject({
          eventType: v.literal('Presence'),
          presence: v.strictObject({ type: v.picklist(['Join', 'Clear']) }),
        }),
        v.strictObject({
          eventType: v.literal('Typing'),
          typing: v.strictObject({ type: v.literal('On'), duration: v.optional(v.number()) }),
        }),
      ]),
    ),
    v.minLength(1),
  ),
  channel: v.optional(channel),
});

/** The requests of the guest protocol that are simulated, as Genesys' own clients send them. */
const requestSchema = v.variant('action', [
  v.strictObject({
    action: v.literal('configureSession'),
    ...common,
    deploymentId: v.pipe(v.string(), v.minLength(1)),
    startNew: v.optional(v.boolean(), false),
    journeyContext: v.optional(journeyContext),
    resumeToken: v.optional(v.string()),
  }),
  v.strictObject({
    action: v.literal('onMessage'),
    ...common,
    message: v.variant('type', [textMessage, eventMessage]),
    time: v.optional(v.string()),
  }),
  v.strictObject({ action: v.literal('echo'), ...common, message: textMessage }),
  v.strictObject({
    action: v.literal('closeSession'),
    ...common,
    closeAllConnections: v.optional(v.boolean(), false),
  }),
]);
export type Request = v.InferOutput<typeof requestSchema>;
export type RequestOf<A extends Request['action']> = Extract<Request, { action: A }>;

/** Published, and not simulated. */
const otherActions: readonly unknown[] = [
  'configureAuthenticatedSession',
  'onAttachment',
  'getAttachment',
  'deleteAttachment',
  'getJwt',
];

const parseJson = (frame: string): unknown => {
  try {
    return JSON.parse(frame);
  } catch {
    return undefined;
  }
};

/** Reads one frame. @throws Problem for everything that Genesys' clients would not send */
export const readRequest = (frame: string): Request => {
  const value = parseJson(frame);
  const { action, tracingId } = (typeof value === 'object' && value !== null ? value : {}) as {
    action?: unknown;
    tracingId?: unknown;
  };
  const refuse = (code: number, text: string): Problem =>
    problem(code, text, typeof tracingId === 'string' ? tracingId : undefined);
  if (action === undefined) throw refuse(400, 'The frame is not a JSON object with an action.');
  if (otherActions.includes(action)) throw refuse(4000, 'The simulator does not have this feature.');
  const parsed = v.safeParse(requestSchema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue) ?? 'request';
    const isMissing = issue.received === 'undefined' || issue.message.includes('received undefined');
    throw refuse(isMissing ? 4020 : 400, `${path} is ${isMissing ? 'missing' : 'not as published'}.`);
  }
  const request = parsed.output;
  if (request.action !== 'onMessage') return request;
  const { message } = request;
  if (message.type === 'Text' && message.text.length > maxTextLength) {
    throw refuse(4011, `A message has at most ${maxTextLength} characters.`);
  }
  const attributes = JSON.stringify(message.channel?.metadata.customAttributes ?? {});
  if (Buffer.byteLength(attributes) > maxCustomDataBytes) {
    throw refuse(4013, `The custom attributes have more than ${maxCustomDataBytes} bytes.`);
  }
  return request;
};

import * as v from 'valibot';
import { consentTypes } from './guest/consent.ts';
import { enrichments } from './guest/enrichment.ts';
import type { GuestErrorCode } from './guest/errors.ts';

/** Path of the only route. */
export const initPath = '/api/webchat/init';

/** Longest accepted request body, in bytes after base64 decoding. */
export const maxBodyBytes = 8 * 1024;

/** Header of a signed session: `t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<sessionId>">`. */
export const signatureHeader = 'X-Session-Signature';

/**
 * A session id: 1–256 UTF-16 code units, no control characters (Unicode Cc), no lone surrogates.
 * Messages never repeat a value: they reach the caller.
 */
export const sessionIdSchema = v.pipe(
  v.string('must be a string'),
  v.minLength(1, 'must not be empty'),
  v.maxLength(256, 'must be at most 256 characters'),
  v.check((text) => text.isWellFormed(), 'must be well-formed Unicode (no lone surrogates)'),
  v.regex(/^\P{Cc}*$/u, 'must not contain control characters'),
);

/** Names of the request's fields. */
const requestFields = ['sessionId', 'consentGiven', 'consentType'] as const;

/** A field whose name differs from a known one by case only: a misspelt refusal must not count as consent. */
export const misspeltFields = (body: object): readonly string[] =>
  Object.keys(body).filter((name) =>
    requestFields.some((known) => known !== name && known.toLowerCase() === name.toLowerCase()),
  );

/** Body of `POST /api/webchat/init`; unknown fields are ignored, `null` is not "absent". */
export const initRequestSchema = v.object(
  {
    sessionId: sessionIdSchema,
    consentGiven: v.optional(v.boolean('must be true or false')),
    consentType: v.optional(v.picklist(consentTypes, 'must be "explicit" or "implicit"')),
  },
  // The message of a missing key; the fields' own messages cover wrong values.
  'is required',
);
export type InitRequest = v.InferOutput<typeof initRequestSchema>;

const attributeValueSchema = v.union([v.string(), v.number(), v.boolean()]);

/** Response 200. */
export const initResponseSchema = v.object({
  guestId: v.string(),
  accessToken: v.string(),
  expiresAt: v.pipe(v.string(), v.isoTimestamp()),
  crmAttributes: v.record(v.string(), attributeValueSchema),
  enrichment: v.picklist(enrichments),
  messaging: v.optional(
    v.object({
      deploymentId: v.string(),
      websocketUrl: v.string(),
      customAttributes: v.record(v.string(), v.string()),
    }),
  ),
});
export type InitResponse = v.InferOutput<typeof initResponseSchema>;

/** Response 202: the website repeats the same request after `retryAfterSeconds`. */
export const queuedResponseSchema = v.object({
  status: v.literal('queued'),
  retryAfterSeconds: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
export type QueuedResponse = v.InferOutput<typeof queuedResponseSchema>;

/** Every problem the API responds with: HTTP status, title and whether repeating the request can help. */
export const problems = {
  invalid_json: { status: 400, title: 'The body is not a JSON object', retryable: false },
  invalid_request: { status: 400, title: 'A field of the request is invalid', retryable: false },
  invalid_signature: { status: 401, title: 'The session signature is not valid', retryable: false },
  origin_not_allowed: { status: 403, title: 'This origin may not use the API', retryable: false },
  consent_required: { status: 403, title: 'Consent is required', retryable: false },
  method_not_allowed: { status: 405, title: 'Only POST is allowed', retryable: false },
  payload_too_large: { status: 413, title: 'The body is too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'The body must be application/json', retryable: false },
  too_many_requests: { status: 429, title: 'Too many requests', retryable: true },
  internal_error: { status: 500, title: 'Internal error', retryable: false },
  genesys_rejected: { status: 502, title: 'Genesys Cloud refused the request', retryable: false },
  genesys_unavailable: { status: 503, title: 'Genesys Cloud is not available', retryable: true },
  registration_failed: { status: 503, title: 'The queued registration was given up', retryable: true },
  deadline_exceeded: { status: 504, title: 'The time budget ended', retryable: true },
} as const;
export type ProblemCode = keyof typeof problems;
export const problemCodes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

/** What the website is sent for each reason of the domain. */
export const guestProblems: Readonly<Record<GuestErrorCode, { code: ProblemCode; detail: string }>> = {
  consent_required: {
    code: 'consent_required',
    detail: 'Consent is needed to open the chat: ask the visitor, then send consentGiven true or false.',
  },
  unverified: {
    code: 'invalid_signature',
    detail: 'The session was verified before: send its signature with each request.',
  },
  rejected: { code: 'genesys_rejected', detail: 'Genesys Cloud refused the request.' },
  unavailable: {
    code: 'genesys_unavailable',
    detail: 'Genesys Cloud is not available; please try again later.',
  },
  registration_failed: {
    code: 'registration_failed',
    detail: 'The registration was given up; please try again later.',
  },
  deadline_exceeded: {
    code: 'deadline_exceeded',
    detail: 'The request took too long; please try again.',
  },
};

/** Error body, `application/problem+json` (RFC 9457), with `error` for clients of the simple form. */
export const problemSchema = v.object({
  type: v.string(),
  title: v.string(),
  status: v.pipe(v.number(), v.integer()),
  detail: v.string(),
  error: v.string(),
  code: v.picklist(problemCodes),
  requestId: v.string(),
  retryable: v.boolean(),
  retryAfterSeconds: v.optional(v.pipe(v.number(), v.integer())),
  errors: v.optional(v.array(v.object({ path: v.string(), message: v.string() }))),
});
export type Problem = v.InferOutput<typeof problemSchema>;

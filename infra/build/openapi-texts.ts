import type { ProblemCode } from '../../lambda/contract.ts';

/** What a field is and what it may hold, for people. */
export interface FieldText {
  readonly description: string;
  readonly example: unknown;
}

type Texts<Name extends string> = Readonly<Record<Name, FieldText>>;

export const requestTexts: Texts<'sessionId' | 'consentGiven' | 'consentType'> = {
  sessionId: {
    description:
      'The anonymous session of the browser: 1 to 256 UTF-16 code units, well-formed Unicode, no control characters. Hashed at once; never stored, logged or sent on.',
    example: 'demo-jane',
  },
  consentGiven: {
    description:
      'Whether the visitor agreed to the use of their customer record. Absent counts as true, unless the API runs with `REQUIRE_EXPLICIT_CONSENT`; but a session that has declined stays declined until it says otherwise.',
    example: true,
  },
  consentType: {
    description: 'How consent was given. Absent counts as `explicit`.',
    example: 'explicit',
  },
};

export const responseTexts: Texts<
  'guestId' | 'accessToken' | 'expiresAt' | 'crmAttributes' | 'enrichment' | 'messaging'
> = {
  guestId: { description: 'The guest at Genesys Cloud.', example: '8f3a2b1c-4d5e-6f7a-8b9c-0d1e2f3a4b5c' },
  accessToken: {
    description: "Opens this visitor's chat until `expiresAt`. A secret: keep it in memory.",
    example: 'an ephemeral token',
  },
  expiresAt: { description: 'When the token ends, in UTC.', example: '2026-05-15T11:23:45.123Z' },
  crmAttributes: {
    description:
      'Those attributes of the customer that the operator exposes; of an anonymous guest, the anonymous values.',
    example: { firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 },
  },
  enrichment: {
    description:
      'How the CRM took part: `matched` (a customer), `not_found` (anonymous), `no_consent` (not read at all), `degraded` (not readable in time; anonymous, the chat opens all the same).',
    example: 'matched',
  },
  messaging: {
    description: 'With provider `web-messaging`: where the conversation takes place.',
    example: {
      deploymentId: '5b7e2c1d-4f3a-4e6b-9c8d-7a6b5c4d3e2f',
      websocketUrl: 'wss://webmessaging.mypurecloud.com/v1?deploymentId=5b7e2c1d-4f3a-4e6b-9c8d-7a6b5c4d3e2f',
      customAttributes: { guestReference: 'sealed text' },
    },
  },
};

export const messagingTexts: Texts<'deploymentId' | 'websocketUrl' | 'customAttributes'> = {
  deploymentId: { description: 'The Messenger deployment.', example: '5b7e2c1d-4f3a-4e6b-9c8d-7a6b5c4d3e2f' },
  websocketUrl: {
    description: "Web Messaging's WebSocket.",
    example: 'wss://webmessaging.mypurecloud.com/v1?deploymentId=5b7e2c1d-4f3a-4e6b-9c8d-7a6b5c4d3e2f',
  },
  customAttributes: {
    description:
      'To be sent with messages (or by `Database.set` of Messenger): a sealed reference by which the organisation looks the visitor up. It belongs to the first conversation that presents it.',
    example: { guestReference: 'sealed text' },
  },
};

export const queuedTexts: Texts<'status' | 'retryAfterSeconds'> = {
  status: { description: 'The registration waits in the queue.', example: 'queued' },
  retryAfterSeconds: { description: 'When to repeat the same request, in seconds.', example: 3 },
};

export const problemTexts: Texts<
  | 'type'
  | 'title'
  | 'status'
  | 'detail'
  | 'error'
  | 'code'
  | 'requestId'
  | 'retryable'
  | 'retryAfterSeconds'
  | 'errors'
> = {
  type: { description: '`urn:problem:` and the code.', example: 'urn:problem:invalid_request' },
  title: {
    description: 'What this code means, always the same.',
    example: 'A field of the request is invalid',
  },
  status: { description: 'The HTTP status.', example: 400 },
  detail: {
    description: 'What happened this time. It holds no value of the request.',
    example: 'A field of the request is invalid.',
  },
  error: {
    description: '`detail` again, for clients of the simple form.',
    example: 'A field of the request is invalid.',
  },
  code: { description: 'Stable: programs decide by this.', example: 'invalid_request' },
  requestId: {
    description: 'Names this request in the logs.',
    example: '462ef6e3-342c-40c6-b2cb-09bd156c357e',
  },
  retryable: { description: 'Whether the same request may succeed later.', example: false },
  retryAfterSeconds: { description: 'The same as `Retry-After`.', example: 5 },
  errors: {
    description: 'With `invalid_request`: which fields broke which rule.',
    example: [{ path: 'consentType', message: 'must be "explicit" or "implicit"' }],
  },
};

export const faultTexts: Texts<'path' | 'message'> = {
  path: { description: 'The field.', example: 'consentType' },
  message: { description: 'The rule that it breaks.', example: 'must be "explicit" or "implicit"' },
};

/** When each problem occurs. */
export const problemCauses: Readonly<Record<ProblemCode, string>> = {
  invalid_json: 'the body is empty, is not UTF-8 or JSON, or is not an object',
  invalid_request: 'a field breaks its rule; `errors` names each one',
  invalid_signature: 'the session signature is wrong, too old, or missing where it is needed',
  origin_not_allowed: 'the `Origin` header names a website that is not allowed',
  consent_required: 'consent must be stated, or Genesys Cloud wants it',
  method_not_allowed: 'any method but POST and OPTIONS',
  payload_too_large: 'the body is larger than 8 KiB',
  unsupported_media_type: 'the content type is absent or not JSON',
  too_many_requests: 'refused by API Gateway or its firewall; wait as `Retry-After` says',
  internal_error: 'a defect, or a secret that is not filled in',
  genesys_rejected: 'Genesys Cloud refused for good, or its response made no sense',
  genesys_unavailable: 'Genesys Cloud is down, failing or limiting; wait as `Retry-After` says',
  registration_failed: 'the queued registration was given up; the next request starts another',
  deadline_exceeded: 'the time ended while the request waited',
};

import middy, { type MiddlewareObj } from '@middy/core';
import jsonBodyParser from '@middy/http-json-body-parser';
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import {
  type InitRequest,
  type InitResponse,
  initRequestSchema,
  maxBodyBytes,
  type QueuedResponse,
} from '../contract.ts';
import { resolveConsent } from '../guest/consent.ts';
import { startDeadline } from '../guest/deadline.ts';
import { deadlineExceeded, GuestError } from '../guest/errors.ts';
import type { InitialiseGuestCommand, InitialiseGuestResult } from '../guest/initialise-guest.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { invalidJson, problemOf, toGuestError } from './problem.ts';
import { bodyBytes, type HttpRequest, type ProxyEvent, readRequest } from './request.ts';
import { type AllowedOrigins, isAllowedOrigin, type ProxyResponse, respond } from './response.ts';
import { type SigningKeys, verifySession } from './session-verification.ts';

/** What the edge reports. */
export type HttpEvent =
  /** `status`, `durationMs` */
  | 'request_issued'
  | 'request_queued'
  /** also `code` */
  | 'request_refused'
  | 'request_failed'
  /** `name`, `frames`: a defect of ours. */
  | 'unexpected_error';

export interface InitHandlerDependencies {
  readonly initialise: (
    command: InitialiseGuestCommand,
    deadline: Deadline,
  ) => Promise<InitialiseGuestResult>;
  readonly signingKeys: SigningKeys;
  readonly clock: Clock;
  readonly telemetry: Telemetry<HttpEvent>;
  readonly settings: {
    readonly allowedOrigins: AllowedOrigins;
    readonly requireExplicitConsent: boolean;
    readonly requireSignedSession: boolean;
    readonly initBudgetMs: number;
  };
}

/** The Lambda context, as far as this service reads it. */
export type InvocationContext = Partial<Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>>;

/** Time kept back for answering before Lambda ends the invocation. */
const answerReserveMs = 500;
const jsonMediaType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** The edge refuses what the use case must never see; the cheapest checks come first. */
const refuseAtTheEdge = ({ method, headers, body, isBase64Encoded }: HttpRequest): void => {
  if (method !== 'POST') throw new GuestError('method_not_allowed', 'Use POST.');
  if (!jsonMediaType.test(headers['content-type'] ?? '')) {
    throw new GuestError('unsupported_media_type', 'Send the body as application/json.');
  }
  if (bodyBytes({ body, isBase64Encoded }) > maxBodyBytes) {
    throw new GuestError('payload_too_large', `The body must be at most ${maxBodyBytes} bytes.`);
  }
};

const parseBody = (body: unknown): InitRequest => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidJson();
  }
  const parsed = v.safeParse(initRequestSchema, body);
  if (parsed.success) return parsed.output;
  throw new GuestError('invalid_request', 'A field of the request is invalid.', {
    errors: parsed.issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
  });
};

const bodyOf = (result: InitialiseGuestResult): InitResponse | QueuedResponse => {
  if (result.kind === 'queued') return { status: 'queued', retryAfterSeconds: result.retryAfterSeconds };
  const { guestId, token, crmAttributes, enrichment } = result;
  const { accessToken, expiresAt, messaging } = token;
  return {
    guestId,
    accessToken,
    expiresAt,
    crmAttributes,
    enrichment,
    ...(messaging === undefined ? {} : { messaging }),
  };
};

/** The API function: an API Gateway proxy event in, a proxy response out. Never throws. */
export const createInitHandler = ({
  initialise,
  signingKeys,
  clock,
  telemetry,
  settings,
}: InitHandlerDependencies) => {
  const { allowedOrigins, requireExplicitConsent, requireSignedSession, initBudgetMs } = settings;

  const serve = async (request: HttpRequest, deadline: Deadline): Promise<InitialiseGuestResult> => {
    const { sessionId, consentGiven, consentType } = parseBody(request.body);
    if (requireSignedSession) {
      const signature = request.headers['x-session-signature'];
      const options = { mode: 'required', audience: 'guest-profiles', keys: signingKeys } as const;
      await verifySession(signature, sessionId, options, clock.now(), deadline);
    }
    const consent = resolveConsent({ given: consentGiven, type: consentType }, requireExplicitConsent);
    return await initialise({ sessionId, consent }, deadline);
  };

  const budgetMs = (context: InvocationContext): number =>
    Math.max(0, Math.min(initBudgetMs, (context.getRemainingTimeInMillis?.() ?? Infinity) - answerReserveMs));

  const answerError = (request: HttpRequest, thrown: unknown): ProxyResponse => {
    const error = toGuestError(thrown, false);
    const problem = problemOf(error, request.requestId);
    if (error.code === 'internal_error') telemetry.record('unexpected_error', describe(error.cause));
    telemetry.record(problem.status < 500 ? 'request_refused' : 'request_failed', {
      status: problem.status,
      code: problem.code,
      durationMs: clock.now() - request.receivedAtMs,
    });
    return respond(request, allowedOrigins, problem.status, problem, {
      'Content-Type': 'application/problem+json; charset=utf-8',
      ...(problem.retryAfterSeconds === undefined ? {} : { 'Retry-After': `${problem.retryAfterSeconds}` }),
      ...(problem.code === 'method_not_allowed' ? { Allow: 'POST, OPTIONS' } : {}),
    });
  };

  const handle = async (
    request: HttpRequest,
    context: InvocationContext,
    { signal }: { signal: AbortSignal },
  ): Promise<ProxyResponse> => {
    const deadline = startDeadline(clock, budgetMs(context), signal);
    try {
      const result = await serve(request, deadline);
      const queued = result.kind === 'queued';
      const status = queued ? 202 : 200;
      telemetry.record(queued ? 'request_queued' : 'request_issued', {
        status,
        durationMs: clock.now() - request.receivedAtMs,
      });
      const headers = queued ? { 'Retry-After': `${result.retryAfterSeconds}` } : {};
      return respond(request, allowedOrigins, status, bodyOf(result), headers);
    } catch (error) {
      throw toGuestError(error, deadline.signal.aborted);
    } finally {
      deadline.clear();
    }
  };

  const chain = middy<HttpRequest, ProxyResponse, Error, Context>(handle, {
    timeoutEarlyInMillis: 200,
    timeoutEarlyResponse: () => {
      throw deadlineExceeded();
    },
  })
    .before(({ event: request }) => {
      if (!isAllowedOrigin(request.headers['origin'], allowedOrigins)) {
        throw new GuestError('origin_not_allowed', 'This origin may not use the API.');
      }
      return request.method === 'OPTIONS' ? respond(request, allowedOrigins, 204, undefined) : undefined;
    })
    .before(({ event: request }) => refuseAtTheEdge(request))
    // The content type was looked at before, with our own error.
    .use(
      jsonBodyParser({ disableContentTypeCheck: true }) as unknown as MiddlewareObj<
        HttpRequest,
        ProxyResponse
      >,
    )
    .onError((failed) => {
      failed.response = answerError(failed.event, failed.error);
    });

  return async (
    event: ProxyEvent | null | undefined,
    context: InvocationContext = {},
  ): Promise<ProxyResponse> =>
    await chain(readRequest(event, context.awsRequestId, clock.now()), context as Context);
};

/** What an operator may see of an unexpected error: its name and where it came from, never its message. */
const describe = (error: unknown): Record<string, string> =>
  error instanceof Error
    ? {
        name: error.name,
        frames: (error.stack ?? '')
          .split('\n')
          .filter((line) => /^\s+at /.test(line))
          .slice(0, 6)
          .map((line) => line.trim())
          .join(' | '),
      }
    : { name: typeof error };

import middy, { type MiddlewareObj } from '@middy/core';
import jsonBodyParser from '@middy/http-json-body-parser';
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import {
  type InitRequest,
  type InitResponse,
  initRequestSchema,
  maxBodyBytes,
  misspeltFields,
  type QueuedResponse,
  signatureHeader,
} from '../contract.ts';
import { resolveConsent } from '../guest/consent.ts';
import { budgetMs, startDeadline } from '../guest/deadline.ts';
import { deadlineExceeded } from '../guest/errors.ts';
import type { InitialiseGuestCommand, InitialiseGuestResult } from '../guest/initialise-guest.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { InternalError, invalidJson, problemOf, RequestError, toKnownError } from './problem.ts';
import { bodyBytes, bodyText, type HttpRequest, type ProxyEvent, readRequest } from './request.ts';
import { type AllowedOrigins, isAllowedOrigin, type ProxyResponse, respond } from './response.ts';
import { InvalidSignatureError } from './session-signature.ts';
import { type SigningKeys, type VerificationOptions, verifySession } from './session-verification.ts';

/** What the edge reports. */
export type HttpEvent =
  /** `status`, `durationMs` */
  | 'request_issued'
  | 'request_queued'
  /** also `problem`, the code that the caller is sent */
  | 'request_refused'
  | 'request_failed'
  /** `name`, `frames`: a defect in this service. */
  | 'unexpected_error'
  /** The first request of a container. */
  | 'cold_start'
  /** `fault`: a signature was refused; never what it holds. */
  | 'signature_refused'
  /** Signatures are needed, and the secret has no keys for them. */
  | 'signing_keys_missing';

export interface InitHandlerDependencies {
  readonly initialise: (
    command: InitialiseGuestCommand,
    deadline: Deadline,
  ) => Promise<InitialiseGuestResult>;
  readonly signingKeys: SigningKeys;
  /** False for a container that was started ahead of its first visitor (provisioned concurrency). */
  readonly startsCold?: boolean | undefined;
  /** Runs one invocation: its request id is on every log line, its metrics are written at its end. */
  readonly invocation: <T>(requestId: string | undefined, work: () => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  readonly telemetry: Telemetry<HttpEvent>;
  readonly settings: {
    readonly allowedOrigins: AllowedOrigins;
    readonly requireExplicitConsent: boolean;
    readonly sessionVerification: VerificationOptions['mode'];
    readonly sessionTokenAudience: string;
    readonly initBudgetMs: number;
  };
}

/** The Lambda context, as far as this service reads it. */
export type InvocationContext = Partial<Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>>;

const jsonMediaType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** The edge refuses what the use case must never see; the cheapest checks come first. */
const refuseAtTheEdge = ({ method, headers, body, isBase64Encoded }: HttpRequest): void => {
  if (method !== 'POST') throw new RequestError('method_not_allowed', 'Use POST.');
  if (!jsonMediaType.test(headers['content-type'] ?? '')) {
    throw new RequestError('unsupported_media_type', 'Send the body as application/json.');
  }
  if (bodyBytes({ body, isBase64Encoded }) > maxBodyBytes) {
    throw new RequestError('payload_too_large', `The body must be at most ${maxBodyBytes} bytes.`);
  }
};

/** @throws RequestError `invalid_json` or `invalid_request`, naming each field at fault */
const parseBody = (body: unknown): InitRequest => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidJson();
  }
  const parsed = v.safeParse(initRequestSchema, body);
  const misspelt = misspeltFields(body);
  if (parsed.success && misspelt.length === 0) return parsed.output;
  throw new RequestError('invalid_request', 'A field of the request is invalid.', [
    ...misspelt.map((path) => ({ path, message: 'is not spelt as the API spells it' })),
    ...(parsed.issues ?? []).map((issue) => ({ path: v.getDotPath(issue) ?? '', message: issue.message })),
  ]);
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
  startsCold = true,
  invocation,
  clock,
  telemetry,
  settings,
}: InitHandlerDependencies) => {
  const { allowedOrigins, requireExplicitConsent, initBudgetMs } = settings;
  const verification: VerificationOptions = {
    mode: settings.sessionVerification,
    audience: settings.sessionTokenAudience,
    keys: signingKeys,
  };

  const serve = async (request: HttpRequest, deadline: Deadline): Promise<InitialiseGuestResult> => {
    const { sessionId, consentGiven, consentType } = parseBody(request.body);
    const signature = request.headers[signatureHeader.toLowerCase()];
    const verified = await verifySession(signature, sessionId, verification, clock.now(), deadline);
    const consent = resolveConsent({ given: consentGiven, type: consentType }, requireExplicitConsent);
    return await initialise({ sessionId, consent, verified }, deadline);
  };

  const respondError = (request: HttpRequest, thrown: unknown): ProxyResponse => {
    const error = toKnownError(thrown, false);
    const problem = problemOf(error, request.requestId);
    if (error instanceof InternalError) telemetry.record('unexpected_error', describe(error.cause));
    if (error instanceof InvalidSignatureError) {
      telemetry.record('signature_refused', { fault: error.fault });
      if (error.fault === 'no_keys') telemetry.record('signing_keys_missing');
    }
    telemetry.record(problem.status < 500 ? 'request_refused' : 'request_failed', {
      status: problem.status,
      problem: problem.code,
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
    const deadline = startDeadline(
      clock,
      budgetMs(initBudgetMs, context.getRemainingTimeInMillis?.()),
      signal,
    );
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
      throw toKnownError(error, deadline.signal.aborted);
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
        throw new RequestError('origin_not_allowed', 'This origin may not use the API.');
      }
      return request.method === 'OPTIONS' ? respond(request, allowedOrigins, 204, undefined) : undefined;
    })
    .before(({ event: request }) => {
      refuseAtTheEdge(request);
      try {
        request.body = bodyText(request);
        request.isBase64Encoded = false;
      } catch {
        throw invalidJson();
      }
    })
    // The content type was looked at before, with our own error.
    .use(
      jsonBodyParser({ disableContentTypeCheck: true }) as unknown as MiddlewareObj<
        HttpRequest,
        ProxyResponse
      >,
    )
    .onError((failed) => {
      failed.response = respondError(failed.event, failed.error);
    });

  let cold = startsCold;
  return async (
    event: ProxyEvent | null | undefined,
    context: InvocationContext = {},
  ): Promise<ProxyResponse> =>
    await invocation(event?.requestContext?.requestId ?? context.awsRequestId, async () => {
      if (cold) telemetry.record('cold_start');
      cold = false;
      return await chain(readRequest(event, context.awsRequestId, clock.now()), context as Context);
    });
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

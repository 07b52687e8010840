import type { GuestError } from '../../lambda/guest/errors.ts';
import type { InitialiseGuestCommand, InitialiseGuestResult } from '../../lambda/guest/initialise-guest.ts';
import {
  createInitHandler,
  type HttpEvent,
  type InitHandlerDependencies,
} from '../../lambda/http/handler.ts';
import { createTestClock } from './clock.ts';
import { createRecordedTelemetry } from './recorded-telemetry.ts';

export const origin = 'https://www.example.com';

export const issuedResult: InitialiseGuestResult = {
  kind: 'issued',
  guestId: '8f3a2b1c-4d5e-6f7a-8b9c-0d1e2f3a4b5c',
  token: { accessToken: 'secret-guest-token', expiresAt: '2026-05-15T11:23:45.123Z' },
  crmAttributes: { firstName: 'Jane' },
  enrichment: 'matched',
};

/** A REST API proxy event (payload 1.0), as API Gateway sends it. */
export const restEvent = (
  body: unknown,
  {
    method = 'POST',
    headers = {},
    ...rest
  }: { method?: string; headers?: Record<string, string>; [name: string]: unknown } = {},
) => ({
  httpMethod: method,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
  isBase64Encoded: false,
  requestContext: { requestId: 'req-1' },
  ...rest,
});

/** The edge around a use case that answers as it is told. */
export const createHttpWorld = (
  settings: Partial<InitHandlerDependencies['settings']> = {},
  signingKeys: InitHandlerDependencies['signingKeys'] = {
    current: async () => [],
    refreshed: async () => undefined,
  },
  startsCold?: boolean,
) => {
  // Signatures carry the time of day.
  const clock = createTestClock(Date.now());
  const telemetry = createRecordedTelemetry<HttpEvent>();
  const commands: InitialiseGuestCommand[] = [];
  /** The request ids that invocations were run under. */
  const invocations: (string | undefined)[] = [];
  const state: {
    answer: InitialiseGuestResult | GuestError | Error;
    hang: boolean;
    latencyMs: number;
    /** Thrown instead of an answer, whatever it is. */
    thrown?: unknown;
  } = { answer: issuedResult, hang: false, latencyMs: 0 };
  const handler = createInitHandler({
    initialise: async (command, deadline) => {
      commands.push(command);
      if (state.hang) await clock.sleep(60_000, deadline.signal);
      if (state.latencyMs > 0) await clock.sleep(state.latencyMs, deadline.signal);
      if (state.thrown !== undefined) throw state.thrown;
      if (state.answer instanceof Error) throw state.answer;
      return state.answer;
    },
    signingKeys,
    startsCold,
    invocation: async (requestId, work) => {
      invocations.push(requestId);
      return await work();
    },
    clock,
    telemetry,
    settings: {
      allowedOrigins: new Set([origin]),
      requireExplicitConsent: false,
      sessionVerification: 'off',
      sessionTokenAudience: 'guest-profiles:test',
      initBudgetMs: 8000,
      ...settings,
    },
  });
  return { handler, clock, telemetry, commands, state, invocations };
};

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { initPath, initResponseSchema, problemSchema, queuedResponseSchema } from '../../lambda/contract.ts';
import { CheckFailed, type CheckResult, CheckSkipped, runChecks } from './check.ts';

export interface SmokeOptions {
  /** Base URL of the API, with or without the route. */
  readonly url: string;
  /** An allowed origin; absent: the CORS of allowed origins is not tried. */
  readonly origin?: string | undefined;
  /** How long a queued registration is waited for. */
  readonly patienceSeconds?: number;
}

const callTimeoutMs = 30_000;
const foreignOrigin = 'https://smoke-test.invalid';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const call = async (url: string, init: RequestInit): Promise<Answer> => {
  try {
    const response = await fetch(url, {
      ...init,
      signal: AbortSignal.timeout(callTimeoutMs),
      redirect: 'manual',
    });
    const text = await response.text();
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson()), text);
    return {
      status: response.status,
      headers: response.headers,
      body: parsed.success ? parsed.output : undefined,
    };
  } catch (error) {
    throw new CheckFailed('The API cannot be reached.', { cause: error });
  }
};

const expectThat = (condition: boolean, otherwise: string): void => {
  if (!condition) throw new CheckFailed(otherwise);
};

const codeOf = ({ body }: Answer): string => {
  const problem = v.safeParse(problemSchema, body);
  return problem.success ? problem.output.code : 'no problem body';
};

/** Every answer carries these, whoever gave it. */
const expectHeaders = ({ headers }: Answer): void => {
  expectThat(headers.get('cache-control') === 'no-store', 'Cache-Control is not no-store.');
  expectThat(headers.get('x-content-type-options') === 'nosniff', 'X-Content-Type-Options is not nosniff.');
};

/** One synthetic visitor: anonymous, with a session id that no browser has. */
const register = async (
  url: string,
  { origin, patienceSeconds = 60 }: SmokeOptions,
): Promise<{ answer: Answer; detail: string }> => {
  const body = JSON.stringify({
    sessionId: `smoke-${randomUUID()}`,
    consentGiven: true,
    consentType: 'explicit',
  });
  const headers = { 'content-type': 'application/json', ...(origin === undefined ? {} : { origin }) };
  const endMs = Date.now() + patienceSeconds * 1000;
  for (;;) {
    const answer = await call(url, { method: 'POST', headers, body });
    if (answer.status === 200) {
      const parsed = v.safeParse(initResponseSchema, answer.body);
      expectThat(parsed.success, 'The answer 200 is not what the contract promises.');
      return { answer, detail: `a guest was registered (${parsed.success ? parsed.output.enrichment : ''})` };
    }
    if (answer.status !== 202) {
      const code = codeOf(answer);
      if (code === 'invalid_signature') {
        throw new CheckSkipped('Not tried: the API takes signed sessions only.');
      }
      throw new CheckFailed(`Status ${answer.status}, ${code}.`);
    }
    const queued = v.safeParse(queuedResponseSchema, answer.body);
    expectThat(queued.success, 'The answer 202 is not what the contract promises.');
    const waitMs = (queued.success ? queued.output.retryAfterSeconds : 1) * 1000;
    expectThat(Date.now() + waitMs < endMs, `Still queued after ${patienceSeconds} s.`);
    await sleep(waitMs);
  }
};

const checkErrors = async (url: string, origin: string | undefined): Promise<string> => {
  const headers = { 'content-type': 'application/json', ...(origin === undefined ? {} : { origin }) };
  const cases: readonly [name: string, status: number, init: RequestInit][] = [
    ['an empty object', 400, { method: 'POST', headers, body: '{}' }],
    ['text', 415, { method: 'POST', headers: { ...headers, 'content-type': 'text/plain' }, body: 'x' }],
    ['GET', 405, { method: 'GET', headers: origin === undefined ? {} : { origin } }],
    ['9 KiB', 413, { method: 'POST', headers, body: JSON.stringify({ sessionId: 'x'.repeat(9 * 1024) }) }],
  ];
  for (const [name, status, init] of cases) {
    const answer = await call(url, init);
    expectThat(answer.status === status, `${name}: status ${answer.status} instead of ${status}.`);
    expectThat(v.is(problemSchema, answer.body), `${name}: the body is not in the problem shape.`);
    expectHeaders(answer);
  }
  return cases.map(([, status]) => status).join(', ');
};

const checkAllowedOrigin = async (url: string, origin: string | undefined): Promise<string> => {
  if (origin === undefined) throw new CheckSkipped('Not tried: name an allowed origin by --origin.');
  const { status, headers } = await call(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  expectThat(status === 204, `The preflight is answered ${status} instead of 204.`);
  expectThat(headers.get('access-control-allow-origin') === origin, 'The allowed origin is not named.');
  return `${origin} may call`;
};

const checkForeignOrigin = async (url: string): Promise<string> => {
  const { status, headers } = await call(url, {
    method: 'OPTIONS',
    headers: { origin: foreignOrigin, 'access-control-request-method': 'POST' },
  });
  expectThat(status === 403, `The preflight of a foreign origin is answered ${status} instead of 403.`);
  expectThat(!headers.has('access-control-allow-origin'), 'A foreign origin is allowed.');
  return 'other origins may not';
};

/** Tries a running API from outside: one synthetic registration, headers, CORS, error shape. */
export const smoke = async (options: SmokeOptions): Promise<CheckResult[]> => {
  const base = options.url.replace(/\/+$/, '');
  const url = base.endsWith(initPath) ? base : `${base}${initPath}`;
  let registered: Answer | undefined;
  return await runChecks([
    {
      name: 'registration',
      run: async () => {
        const { answer, detail } = await register(url, options);
        registered = answer;
        return detail;
      },
    },
    {
      name: 'headers',
      run: async () => {
        if (registered === undefined) throw new CheckSkipped('Not tried: nobody was registered.');
        expectHeaders(registered);
        expectThat(registered.headers.has('x-request-id'), 'X-Request-Id is missing.');
        return 'not cached, not sniffed, with a request id';
      },
    },
    { name: 'allowed origin', run: async () => await checkAllowedOrigin(url, options.origin) },
    { name: 'foreign origin', run: async () => await checkForeignOrigin(url) },
    { name: 'errors', run: async () => await checkErrors(url, options.origin) },
  ]);
};

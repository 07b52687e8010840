import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, limitedAnswer, oauthLimited } from './answer.ts';
import type { Endpoint } from './endpoints.ts';
import type { ArmedFault } from './faults.ts';

/** How a call ends: with an answer, with raw text that is no JSON, or with none. */
export type Ending =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'raw'; readonly status: number; readonly text: string }
  | { readonly kind: 'reset' }
  | { readonly kind: 'hang' };

const garbage = (body: unknown, status: number): Ending => ({
  kind: 'raw',
  status,
  text: typeof body === 'string' ? body : '{"id": "half an ans',
});

const limited = (fault: ArmedFault, endpoint: Endpoint, nowMs: number): Ending => {
  const seconds = Math.max(1, Math.ceil((fault.armedAtMs + fault.seconds * 1000 - nowMs) / 1000));
  const answer = endpoint === 'oauth' ? oauthLimited : limitedAnswer;
  return { kind: 'answer', answer: answer(seconds, { retryAfter: fault.retryAfter }) };
};

/**
 * Lets a fault happen to a call; `work` does what the call asks for.
 * @param signal aborts when the client has gone
 */
export const spoil = async (
  fault: ArmedFault | undefined,
  endpoint: Endpoint,
  work: () => Answer,
  now: () => number,
  signal: AbortSignal,
): Promise<Ending> => {
  if (fault?.latencyMs !== undefined) await sleep(fault.latencyMs, undefined, { signal });
  switch (fault?.kind) {
    case 'status':
      return {
        kind: 'answer',
        answer: {
          status: fault.status,
          body: fault.body ?? { message: 'told to fail' },
          headers: fault.headers,
        },
      };
    case 'limited':
      return limited(fault, endpoint, now());
    case 'garbage':
      return garbage(fault.body, 200);
    case 'garbage-after':
      return garbage(fault.body, work().status);
    case 'reset-early':
    case 'reset':
      return { kind: 'reset' };
    case 'reset-after':
      work();
      return { kind: 'reset' };
    case 'hang':
      return { kind: 'hang' };
    case 'hang-after':
      work();
      return { kind: 'hang' };
    case undefined:
      return { kind: 'answer', answer: work() };
  }
};

import { crmTables, type DependencyName, dependencyOf, guestTables } from './dependencies.ts';
import {
  type AwsErrorName,
  awsError,
  genesysError,
  oauthLimited,
  skewedSignature,
} from './published-errors.ts';
import type { Treatment, WireCall } from './wire/treatment.ts';

/** What a fault amounts to, whatever it looks like on the wire. */
export type Meaning =
  /** Nothing got through. */
  | 'unsent'
  /** The call may have had its effect. */
  | 'lost'
  | 'limit'
  /** A limit for the rest of the day. */
  | 'daily-limit'
  /** For good. */
  | 'refusal'
  /** An answer that is none. */
  | 'nonsense'
  /** An answer that may be taken for good, or not. */
  | 'odd'
  | 'partial';

export interface Fault {
  readonly title: string;
  readonly meaning: Meaning;
  readonly treatment: (dependency: DependencyName) => Treatment;
  readonly of: 'all' | 'aws' | 'genesys';
  /** How long Genesys asks to wait. */
  readonly namedWaitSeconds?: number;
  /** The container's clock is ahead by so much. */
  readonly skewMs?: number;
}

const plain = (title: string, meaning: Meaning, treatment: Treatment): Fault => ({
  title,
  meaning,
  of: 'all',
  treatment: () => treatment,
});
const aws = (title: string, meaning: Meaning, name: AwsErrorName): Fault => ({
  title,
  meaning,
  of: 'aws',
  treatment: (dependency) => ({
    kind: 'answer',
    answer: awsError(dependencyOf(dependency).service, name),
  }),
});
const genesys = (
  status: number,
  title: string,
  meaning: Meaning,
  headers: () => Readonly<Record<string, string>> = () => ({}),
): Fault => ({
  title: `${status}${title}`,
  meaning,
  of: 'genesys',
  treatment: (dependency) => ({
    kind: 'answer',
    answer: genesysError(dependencyOf(dependency).service, status, headers),
  }),
});
const retryAfter = (seconds: number) => () => ({ 'retry-after': String(seconds) });
const limited = (status: number, seconds: number, meaning: Meaning): Fault => ({
  ...genesys(status, `, Retry-After ${seconds}`, meaning, retryAfter(seconds)),
  namedWaitSeconds: seconds,
});

/** How far the clock of a container is ahead, where that is the fault. */
const skewMs = 600_000;
const dateInTwoSeconds = () => ({ 'retry-after': new Date(Date.now() + 2000).toUTCString() });

/** Leaves a table out of the answer of a batch and names its keys as unprocessed. */
const withoutTable = (nameBegins: string) => (call: WireCall, body: string) => {
  const { Responses, ...rest } = JSON.parse(body);
  const { RequestItems } = JSON.parse(call.body);
  const [table = ''] = Object.keys(RequestItems).filter((name) => name.startsWith(nameBegins));
  return JSON.stringify({
    ...rest,
    Responses: { ...Responses, [table]: [] },
    UnprocessedKeys: { [table]: RequestItems[table] },
  });
};

/** Every fault that a dependency may have. */
export const faults = {
  refused: plain('connection refused', 'unsent', { kind: 'refused' }),
  'expired-certificate': plain('expired certificate', 'unsent', { kind: 'expired-certificate' }),
  'reset-before': plain('reset before the effect', 'lost', { kind: 'reset-before' }),
  'reset-after': plain('reset after the effect', 'lost', { kind: 'reset-after' }),
  hang: plain('hang', 'lost', { kind: 'hang' }),
  'slow-drip': plain('slow drip', 'lost', { kind: 'slow-drip' }),
  truncated: plain('truncated body', 'lost', { kind: 'truncated' }),
  garbage: plain('garbage body', 'nonsense', { kind: 'garbage' }),
  oversized: plain('oversized body', 'nonsense', { kind: 'oversized' }),
  'wrong-content-type': plain('wrong content type', 'odd', { kind: 'wrong-content-type' }),

  'bad-request': aws('bad request', 'refusal', 'bad-request'),
  'expired-credentials': aws('expired credentials', 'refusal', 'expired-credentials'),
  'access-denied': aws('access denied', 'refusal', 'access-denied'),
  'not-found': aws('not found', 'refusal', 'not-found'),
  throttled: aws('throttled', 'limit', 'throttled'),
  'internal-error': aws('500', 'lost', 'internal-error'),
  unavailable: aws('503', 'unsent', 'unavailable'),
  'partial-batch': {
    title: 'partial batch (UnprocessedKeys)',
    meaning: 'partial',
    of: 'aws',
    treatment: (dependency) => ({
      kind: 'change',
      change: withoutTable(dependency === 'crm' ? crmTables : guestTables),
    }),
  },
  'signature-skew': {
    title: 'clock 10 min ahead',
    meaning: 'odd',
    of: 'aws',
    skewMs,
    treatment: () => ({ kind: 'answer', answer: skewedSignature }),
  },

  'status-400': genesys(400, '', 'refusal'),
  'status-401': genesys(401, '', 'refusal'),
  'status-403': genesys(403, '', 'refusal'),
  'status-404': genesys(404, '', 'refusal'),
  'status-408': genesys(408, '', 'refusal'),
  'status-409': genesys(409, '', 'refusal'),
  'status-413': genesys(413, '', 'refusal'),
  'status-415': genesys(415, '', 'refusal'),
  'status-429': genesys(429, ' without Retry-After', 'limit'),
  'status-429-short': limited(429, 2, 'limit'),
  'status-429-long': limited(429, 60, 'limit'),
  'status-429-daily': limited(429, 7200, 'daily-limit'),
  'oauth-limit': {
    title: '400 `rate limit exceeded`',
    meaning: 'limit',
    of: 'genesys',
    treatment: () => ({ kind: 'answer', answer: oauthLimited }),
  },
  'date-skew': {
    ...genesys(429, ', Retry-After as a date, clock 10 min ahead', 'limit', dateInTwoSeconds),
    skewMs,
  },
  'status-500': genesys(500, '', 'lost'),
  'status-502': genesys(502, '', 'lost'),
  'status-503': genesys(503, '', 'unsent'),
  'status-504': genesys(504, '', 'lost'),
} as const satisfies Record<string, Fault>;
export type FaultName = keyof typeof faults;
export const faultOf = (name: FaultName): Fault => faults[name];

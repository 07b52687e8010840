import type { LambdaContainer } from '../support/lambda-container.ts';
import { post } from '../support/stack.ts';
import type { Subject } from './dependencies.ts';
import type { Lane } from './lane.ts';
import { entryOf, type Visit } from './visit.ts';

/** What a function answered. */
export interface Asked {
  readonly answer: string;
  /** What of the answer must hold nothing personal. */
  readonly text: string;
  /** What breaks the contract in it. */
  readonly faults: readonly string[];
  readonly guestId?: string;
}

/** How one function is asked, and how it is shown that all is well again. */
export interface Scenario {
  /** All that happens before the fault. */
  prepare(lane: Lane, visit: Visit): Promise<void>;
  ask(lane: Lane, container: LambdaContainer, visit: Visit): Promise<Asked>;
  /** When the fault is over. @returns what is wrong then */
  follow(lane: Lane, container: LambdaContainer, visit: Visit): Promise<readonly string[]>;
}

const problemFaults = ({ body, headers, status }: Awaited<ReturnType<typeof post>>): string[] => [
  ...(String(headers['Content-Type']).startsWith('application/problem+json') ? [] : ['no problem+json']),
  ...(body.status === status ? [] : ['status and body differ']),
  ...(status < 500 || body.retryable === false || headers['Retry-After'] !== undefined
    ? []
    : ['retryable, but no Retry-After']),
];

const askInit = async (_lane: Lane, container: LambdaContainer, visit: Visit): Promise<Asked> => {
  const response = await post(container, { sessionId: visit.sessionId, consentGiven: true });
  const { status, body, headers } = response;
  if (status === 200) {
    visit.tokens.push(body.accessToken);
    const reference = body.messaging?.customAttributes.guestReference;
    if (reference !== undefined) visit.reference = reference;
    return { answer: `200 ${body.enrichment}`, text: '', faults: [], guestId: body.guestId };
  }
  if (status === 202) {
    const faults = headers['Retry-After'] === String(body.retryAfterSeconds) ? [] : ['no Retry-After'];
    return { answer: '202 queued', text: JSON.stringify(body), faults };
  }
  return {
    answer: `${status} ${body.code}`,
    text: JSON.stringify(body),
    faults: problemFaults(response),
  };
};

/** Asks as a website does: while the registration is queued the worker gets a turn. */
const askUntilServed = async (lane: Lane, container: LambdaContainer, visit: Visit): Promise<Asked> => {
  for (let rounds = 0; ; rounds += 1) {
    const asked = await askInit(lane, container, visit);
    if (asked.answer !== '202 queued' || rounds === 3) return asked;
    lane.passQueueTime();
    await lane.overflow.poll(await lane.containers.helper('drain'));
  }
};

const initOf = (helper: 'init' | 'messaging'): Scenario => ({
  prepare: async (lane) => {
    await lane.containers.helper(helper);
  },
  ask: askInit,
  follow: async (lane, container, visit) => {
    const same = await askUntilServed(lane, container, visit);
    const other = await askUntilServed(lane, await lane.containers.helper(helper), visit);
    return [
      ...(same.answer === '200 matched' ? [] : [`afterwards the same container answers ${same.answer}`]),
      ...(other.answer === '200 matched' ? [] : [`afterwards another container answers ${other.answer}`]),
      ...(same.guestId === other.guestId ? [] : ['afterwards two containers name different guests']),
    ];
  },
});

/** How long the visitor of a registration that was given up is told so. */
const failedForMs = 900_000;

/** What has become of a queued registration. */
const stateOf = async (lane: Lane, visit: Visit): Promise<string> => {
  if (lane.overflow.messages().length > 0) return 'again';
  const entry = await entryOf(lane, visit);
  if (entry?.['guestId'] !== undefined) return 'registered';
  const failedAtMs = Number(entry?.['failedAt']?.N ?? 0);
  return failedAtMs + failedForMs > Date.now() + lane.containers.aheadMs ? 'given up' : 'dropped';
};

const pollOnce = async (lane: Lane, container: LambdaContainer, visit: Visit): Promise<Asked> => {
  lane.passQueueTime();
  const { received } = await lane.overflow.poll(container);
  const faults = received.length === 1 ? [] : [`${received.length} messages were delivered`];
  return { answer: await stateOf(lane, visit), text: '', faults };
};

/** Limits guest creation at Genesys. */
export const limitGuests = ({ stack }: Lane): void =>
  stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 60 });

const drain: Scenario = {
  prepare: async (lane, visit) => {
    await lane.containers.helper('init');
    const queueing = await lane.containers.helper('queueing');
    limitGuests(lane);
    const { answer } = await askInit(lane, queueing, visit);
    lane.stack.genesys.control.clearFaults();
    if (answer !== '202 queued') throw new Error(`The registration was not queued: ${answer}.`);
  },
  ask: pollOnce,
  follow: async (lane, container, visit) => {
    // Metrics of what happened beside a batch are written with the next one.
    await container.invoke({ Records: [] });
    let state = await stateOf(lane, visit);
    for (let rounds = 0; state === 'again' && rounds < 4; rounds += 1) {
      state = (await pollOnce(lane, container, visit)).answer;
    }
    if (state === 'again') return ['afterwards the message is never dealt with'];
    const { answer } = await askInit(lane, await lane.containers.helper('init'), visit);
    const expected = state === 'given up' ? '503 registration_failed' : '200 matched';
    return answer === expected ? [] : [`afterwards the visitor gets ${answer} instead of ${expected}`];
  },
};

const askResolve = async (_lane: Lane, container: LambdaContainer, visit: Visit): Promise<Asked> => {
  try {
    const resolved = await container.invoke<Record<string, unknown>>({
      guestReference: visit.reference,
      conversationId: `conversation of ${visit.hash}`,
    });
    if (resolved['found'] !== true)
      return { answer: 'not found', text: JSON.stringify(resolved), faults: [] };
    if (resolved['enrichment'] === 'degraded') return { answer: 'found, degraded', text: '', faults: [] };
    const isKnown = resolved['email'] === visit.email;
    const answer = resolved['externalContactId'] === undefined ? 'found, no contact' : 'found';
    return { answer, text: '', faults: isKnown ? [] : ['the wrong customer'] };
  } catch (error) {
    const text = String(error);
    return {
      answer: text.includes('The visitor could not be looked up.') ? 'function error' : 'died',
      text,
      faults: [],
    };
  }
};

const resolve: Scenario = {
  prepare: async (lane, visit) => {
    const { answer } = await askInit(lane, await lane.containers.helper('messaging'), visit);
    if (answer !== '200 matched') throw new Error(`The chat was not opened: ${answer}.`);
  },
  ask: askResolve,
  follow: async (lane, container, visit) => {
    const { answer } = await askResolve(lane, container, visit);
    return answer === 'found' ? [] : [`afterwards the answer is ${answer}`];
  },
};

export const scenarios: Readonly<Record<Subject, Scenario>> = {
  init: initOf('init'),
  'init-web-messaging': initOf('messaging'),
  drain,
  resolve,
};

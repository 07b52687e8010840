import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  isRead,
  isWrite,
  names,
  type ProxiedCall,
  startDynamoDbProxy,
  type Treatment,
} from '../support/dynamodb-proxy.ts';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { type Overflow, startOverflow } from '../support/overflow.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { hashKey, plainKey, sessionKey } from '../support/session-key.ts';
import { type Answer, post, type Stack, startStack } from '../support/stack.ts';

/** The machine that runs the tests may be slower than DynamoDB ever is; this is about order, not speed. */
const patient = { CRM_TIMEOUT_MS: '5000', INIT_BUDGET_MS: '20000' };
const [older, newer] = [hashKey(1), hashKey(2)];

let stack: Stack;
let proxy: Awaited<ReturnType<typeof startDynamoDbProxy>>;
let overflow: Overflow;
beforeAll(async () => {
  stack = await startStack(patient);
  proxy = await startDynamoDbProxy(stack.tables.url);
  overflow = await startOverflow();
});
afterEach(() => {
  proxy.treat(() => 'pass');
  stack.genesys.control.clearFaults();
});
afterAll(async () => {
  await stack.stop();
  await proxy.close();
  await overflow.close();
});

type HashKeys = readonly { id: string; key?: string }[];
/** A warm container that knows these keys, whatever the secret says by now. */
const containerWith = async (
  sessionHashKeys: HashKeys,
  environment: Readonly<Record<string, string>> = {},
  name: 'init' | 'drain' = 'init',
): Promise<LambdaContainer> => {
  await stack.putSecret({ sessionHashKeys });
  const started = await stack.container({ AWS_ENDPOINT_URL_DYNAMODB: proxy.url, ...environment }, name);
  if (name === 'init') expect((await post(started, { sessionId: newSession() })).status).toBe(200);
  return started;
};

let sessions = 0;
const newSession = (): string => `session-${++sessions}`;
const newSessions = (count = 20): readonly string[] => Array.from({ length: count }, newSession);
const postAll = async (container: LambdaContainer, ids: readonly string[]): Promise<readonly Answer[]> =>
  await Promise.all(ids.map(async (sessionId) => await post(container, { sessionId })));
const guestIds = (answers: readonly Answer[]): readonly unknown[] =>
  answers.map(({ status, body }) => [status, body.guestId]);

/** One session after the other, each after one for whom all is well: no series of failures makes anybody give up. */
const postEach = async (
  container: LambdaContainer,
  ids: readonly string[],
  spoil: (id: string) => void,
): Promise<readonly Answer[]> => {
  const answers: Answer[] = [];
  for (const sessionId of ids) {
    proxy.treat(() => 'pass');
    expect((await post(container, { sessionId: newSession() })).status).toBe(200);
    spoil(sessionId);
    answers.push(await post(container, { sessionId }));
  }
  return answers;
};

const ofRegistry = (call: ProxiedCall): boolean => names(stack.guestTable)(call);
const random = seededRandom(8);
const late = (): Treatment => ({ delayMs: 10 + 20 * random() });
const lateReads = (call: ProxiedCall): Treatment => (isRead(call) && ofRegistry(call) ? late() : 'pass');
const lateWrites = (call: ProxiedCall): Treatment => (isWrite(call) && ofRegistry(call) ? late() : 'pass');
const atRandom = (): Treatment => ({ delayMs: 8 * random() });
/** The first reads of a session are spoiled, and no more. */
const firstReads = (count: number, treatment: Treatment) => (sessionId: string) => {
  let left = count;
  return (call: ProxiedCall): Treatment =>
    isRead(call) && names(sessionKey(sessionId, newer))(call) && left-- > 0 ? treatment : 'pass';
};

describe('While the hash key is rotated', () => {
  let before: LambdaContainer;
  let after: LambdaContainer;
  beforeAll(async () => {
    before = await containerWith([older]);
    after = await containerWith([newer, older]);
  });

  it.each([
    ['reads of the registry are late', lateReads],
    ['writes to the registry are late', lateWrites],
    ['reads and writes take their time at random', atRandom],
  ] as const)('no session gets a second guest when %s', async (_, treatment) => {
    const ids = newSessions();
    const first = await postAll(before, ids);
    proxy.treat(treatment);
    expect(guestIds(await postAll(after, ids))).toEqual(guestIds(first));
  });

  it.each([
    ['a read breaks once', firstReads(1, 'break')],
    ['a read breaks, and so does its repeat', firstReads(2, 'break')],
    ['a read leaves its keys unprocessed', firstReads(1, 'unprocessed')],
    ['the CRM table is away', () => (call: ProxiedCall) => (names(stack.crmTable)(call) ? 'refuse' : 'pass')],
  ] as const)('no session gets a second guest when %s', async (_, treatmentOf) => {
    const ids = newSessions(5);
    const first = await postAll(before, ids);
    const again = await postEach(after, ids, (id) => proxy.treat(treatmentOf(id)));
    expect(guestIds(again)).toEqual(guestIds(first));
  });

  it('no session gets a second guest when the first key is introduced and reads are late', async () => {
    const ids = newSessions();
    const first = await postAll(await containerWith([]), ids);
    const keyed = await containerWith([newer, plainKey]);
    proxy.treat(lateReads);
    expect(guestIds(await postAll(keyed, ids))).toEqual(guestIds(first));
  });

  it('the e-mail of an anonymous profile, which changes with the key, makes no second guest', async () => {
    const ids = newSessions(5);
    const mapped = { ATTRIBUTE_MAP: '{"address":"email"}' };
    const first = await postAll(await containerWith([older], mapped), ids);
    expect(guestIds(await postAll(await containerWith([newer, older], mapped), ids))).toEqual(
      guestIds(first),
    );
  });
});

describe('A container that knows only the old key yet, beside one that knows both,', () => {
  it.each(['first', 'last'] as const)('makes no second guest when it comes %s', async (place) => {
    const ids = newSessions(10);
    const [knowsOne, knowsBoth] = [await containerWith([older]), await containerWith([newer, older])];
    const order = place === 'first' ? [knowsOne, knowsBoth] : [knowsBoth, knowsOne];
    const answers: (readonly unknown[])[] = [];
    for (const container of [...order, ...order]) answers.push(guestIds(await postAll(container, ids)));
    expect(answers).toEqual(Array(4).fill(answers[0]));
  });

  it.each([
    ['in their own time', (): Treatment => 'pass'],
    ['with late reads', lateReads],
    ['with late writes', lateWrites],
    ['with any call late', atRandom],
  ] as const)('makes no second guest when both are asked at once, %s', async (_, treatment) => {
    const ids = newSessions(10);
    const [knowsOne, knowsBoth] = [await containerWith([older]), await containerWith([newer, older])];
    proxy.treat(treatment);
    const [one, both] = await Promise.all([postAll(knowsOne, ids), postAll(knowsBoth, ids)]);
    expect(guestIds(both)).toEqual(guestIds(one));
  });
});

describe('A registration that was queued under the old key', () => {
  it('is still queued for a request under both keys, and is made once', async () => {
    const ids = newSessions(5);
    const impatient = { ...overflow.environment, INIT_BUDGET_MS: '3000' };
    const before = await containerWith([older], impatient);
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 60 });
    expect((await postAll(before, ids)).map(({ status }) => status)).toEqual(Array(5).fill(202));

    stack.genesys.control.clearFaults();
    const created = stack.genesys.counts.guest;
    const after = await containerWith([newer, older], overflow.environment);
    const warmed = stack.genesys.counts.guest - created;
    proxy.treat(lateReads);
    expect((await postAll(after, ids)).map(({ status }) => status)).toEqual(Array(5).fill(202));

    const worker = await containerWith([newer, older], overflow.environment, 'drain');
    await overflow.drain(worker);
    const served = await postAll(after, ids);
    expect(served.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(stack.genesys.counts.guest - created - warmed).toBe(5);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { hashKey, sessionKey } from '../support/session-key.ts';
import { metricsIn, post, type Stack, startStack } from '../support/stack.ts';

/** Longer than any wait for the secret or for a call to Genesys, and shorter than connections are kept. */
const freezeMs = 3500;
const rounds = 4;
const environment = { CRM_TIMEOUT_MS: '5000', INIT_BUDGET_MS: '20000', GENESYS_TIMEOUT_MS: '3000' };

/** Asks once for each round; between two requests the process stands still, as a container of Lambda does. */
const askInRounds = async (
  container: LambdaContainer,
  sessionIds: readonly string[],
): Promise<readonly number[]> => {
  const statuses: number[] = [];
  for (const sessionId of sessionIds) {
    const { status } = await post(container, { sessionId }, {}, { thenFreeze: true });
    statuses.push(status);
    await sleep(freezeMs);
    container.thaw();
  }
  return statuses;
};

const errorsIn = (output: string): readonly string[] =>
  output.split('\n').filter((line) => /"level":"(?:ERROR|CRITICAL)"|UNHANDLED/.test(line));

interface Run {
  readonly statuses: readonly number[];
  /** What the container wrote from the first of the rounds on. */
  readonly output: string;
}

const sessionIds = Array.from({ length: rounds }, (_, n) => `session-${n}`);
/** The secret is stale and has been rotated; reading it takes longer than a request. */
const rotateSecret = async (stack: Stack): Promise<Run> => {
  const [older, newer] = [hashKey(1), hashKey(2)];
  const put = async (...sessionHashKeys: object[]) => await stack.putSecret({ sessionHashKeys });
  await put(older);
  const container = await stack.container();
  await post(container, { sessionId: 'warm' });
  await put(newer, older);
  stack.secret.setFault({ latencyMs: 200 });
  await container.shiftClock(301_000);
  const before = container.output().length;
  const statuses = await askInRounds(container, sessionIds);
  return { statuses, output: container.output().slice(before) };
};

/** The OAuth token is near its end, and asking for one takes longer than a request of a known visitor. */
const endToken = async (stack: Stack): Promise<Run> => {
  stack.genesys.control.change({ tokenLifetimeSeconds: 3600 });
  const container = await stack.container();
  await post(container, { sessionId: 'known' });
  stack.genesys.control.addFaults({ endpoint: 'oauth', latencyMs: 300 });
  // Tokens are used until a minute before their end: that minute begins in the third round.
  await container.shiftClock(3_600_000 - 60_000 - 2.5 * freezeMs);
  const before = container.output().length;
  const statuses = await askInRounds(container, Array<string>(rounds).fill('known'));
  return { statuses, output: container.output().slice(before) };
};

let stacks: Stack[];
let secret: Run;
let token: Run;
beforeAll(async () => {
  stacks = await Promise.all([startStack(environment), startStack(environment)]);
  [secret, token] = await Promise.all([rotateSecret(stacks[0] as Stack), endToken(stacks[1] as Stack)]);
}, 60_000);
afterAll(async () => {
  await Promise.all(stacks.map(async (stack) => await stack.stop()));
});

describe('A container that is frozen after each response', () => {
  it('takes up a rotated secret within two requests', () => {
    // The made-up address of an anonymous guest begins with the hash under the newest key.
    const emails = [...(stacks[0]?.genesys.guests.values() ?? [])].map(({ email }) => email);
    const underNewKey = sessionIds.map((id) =>
      sessionKey(id, hashKey(2)).slice('k2:'.length, 'k2:'.length + 8),
    );
    expect(emails.slice(-2)).toEqual(underNewKey.slice(-2).map((hash8) => `visitor_${hash8}@temp.com`));
  });

  it('serves everybody meanwhile, and no error is logged or counted for its secret', () => {
    expect(secret.statuses).toEqual(Array(rounds).fill(200));
    expect(errorsIn(secret.output)).toEqual([]);
    expect(metricsIn(secret.output)).not.toHaveProperty('SecretInvalid');
  });

  it('serves everybody while its OAuth token ends, and no failure is logged or counted', () => {
    expect(token.statuses).toEqual(Array(rounds).fill(200));
    expect(errorsIn(token.output)).toEqual([]);
    expect(metricsIn(token.output)).not.toHaveProperty('OAuthFailures');
    expect(stacks[1]?.genesys.counts.oauth).toBeGreaterThan(1);
  });
});

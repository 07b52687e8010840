import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedGuest } from '../../local/genesys/guests.ts';
import { startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { startOverflow } from '../support/overflow.ts';
import { startStack } from '../support/stack.ts';
import { createSiteBook, forbidden } from './book.ts';
import { CutError, createFleet } from './fleet.ts';

export type Provider = 'webchat-v1' | 'web-messaging';

const externalIdKey = Buffer.alloc(32, 9).toString('base64');

/** Generous, so that a slow machine is not taken for a fault; the faults are our own. */
const patience = { CRM_TIMEOUT_MS: '2500', INIT_BUDGET_MS: '6000', GENESYS_TIMEOUT_MS: '2500' };

const ofProvider: Readonly<Record<Provider, Readonly<Record<string, string>>>> = {
  'webchat-v1': { OVERFLOW_MAX_AGE_SECONDS: '60' },
  'web-messaging': {
    GUEST_PROVIDER: 'web-messaging',
    WEB_MESSAGING_DEPLOYMENT_ID: 'deployment-1',
    EXTERNAL_SOURCE_ID: 'source-1',
  },
};

const sizes = {
  'webchat-v1': { init: { steady: 2, mortal: 1 }, drain: { steady: 1, mortal: 1 } },
  'web-messaging': { init: { steady: 1, mortal: 1 }, resolve: { steady: 1, mortal: 0 } },
} as const;

/** One provider, all of it: the built bundles in processes of their own, and every service that they call. */
export const startSite = async (provider: Provider, random: () => number) => {
  let queueAheadMs = 0;
  const [stack, overflow] = await Promise.all([
    startStack(patience),
    startOverflow({ now: () => Date.now() + queueAheadMs }),
  ]);
  const proxy = await startDynamoDbProxy(stack.tables.url);
  let secrets = 0;
  const rotate = async (): Promise<void> => {
    secrets += 1;
    const clientSecret = `client-secret-${secrets}`;
    await stack.putSecret({ clientSecret, externalIdKey });
    stack.genesys.control.change({ clientSecret });
    stack.genesys.control.revokeTokens();
  };
  await rotate();
  const book = createSiteBook();
  const environment = {
    ...overflow.environment,
    ...ofProvider[provider],
    GENESYS_LOGIN_URL: stack.genesys.url,
    AWS_ENDPOINT_URL_DYNAMODB: proxy.url,
  };
  const fleet = createFleet(stack, book, environment, random);
  await fleet.start(sizes[provider]);

  /** Guests that Genesys was told to forget: they were made all the same. */
  const forgotten: SimulatedGuest[] = [];
  /** Sessions whose registration was in a batch, by the batch's id. */
  const batches = new Map<string, readonly string[]>();
  let batchCount = 0;
  let badMessages = '';
  const thrown: string[] = [];

  /** One round of the queue's poller, which asks again where the queue fails. */
  const drainOnce = async (): Promise<void> => {
    // What the proxy and the simulator saw is of no use here, and would be kept for hours.
    proxy.calls.length = 0;
    const requestId = `drain-${++batchCount}`;
    await overflow
      .poll({
        invoke: async (event) => {
          const { Records: records } = event as { Records: readonly { body: string }[] };
          badMessages += records.map(({ body }) => forbidden.exec(body)?.[0] ?? '').join('');
          batches.set(
            requestId,
            records.map(({ body }) => JSON.parse(body).sessionHash),
          );
          try {
            return await fleet.invoke('drain', event, requestId, () => 'batch');
          } catch (error) {
            if (!(error instanceof CutError)) thrown.push(`drain threw: ${String(error).slice(0, 200)}`);
            throw error;
          }
        },
      })
      .catch(() => undefined);
  };

  return {
    provider,
    stack,
    overflow,
    proxy,
    fleet,
    book,
    batches,
    rotate,
    /** How often the first secret was replaced. */
    rotations: (): number => secrets - 1,
    forgotten: forgotten as readonly SimulatedGuest[],
    /** Genesys forgets the guest that it made last. */
    forgetGuest: (): void => {
      const last = [...stack.genesys.guests.values()].at(-1);
      if (last === undefined) return;
      forgotten.push(last);
      stack.genesys.control.forgetGuest(last.id);
    },
    /** What the worker threw. */
    thrown: thrown as readonly string[],
    /** What queued messages held and may not. */
    badMessages: (): string => badMessages,
    drainOnce,
    /** Polls until the queue is empty. Its clock runs ahead: nobody waits for a pause of two minutes. */
    drainAll: async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds && (await overflow.size()) > 0; round += 1) {
        queueAheadMs += 2000;
        await drainOnce();
        await sleep(100);
      }
    },
    healthy: (): void => {
      stack.genesys.control.clearFaults();
      proxy.treat(() => 'pass');
      overflow.setFault({});
      stack.secret.setFault({});
    },
    stop: async (): Promise<void> => {
      await stack.stop();
      await Promise.all([proxy.close(), overflow.close()]);
    },
  };
};
export type Site = Awaited<ReturnType<typeof startSite>>;

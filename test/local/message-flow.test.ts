import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Bundles, buildFunctions } from '../../local/build.ts';
import { type LocalStack, startLocalStack } from '../../local/local-stack.ts';
import { connectMessaging } from '../support/messaging-client.ts';

/** A function as it is built: an ES module with a handler. */
const resolveModule = `
export const handler = async ({ guestReference, conversationId }, { functionName, getRemainingTimeInMillis }) => {
  if (guestReference === 'broken') throw new Error('broken');
  return {
    found: true, verified: false, consentGiven: true, consentType: 'explicit', enrichment: 'matched',
    firstName: [guestReference, conversationId.length, functionName, process.env.GUEST_TABLE_NAME].join(' '),
    crmTier: 'Pro', vip: true, seats: 25, hasTime: getRemainingTimeInMillis() > 1000,
  };
};
`;

// Processes and browsers of their own take their time on a busy machine.
jest.setTimeout(120_000);

describe('the message flow of the local stack', () => {
  let folder: string;
  let bundles: Bundles;
  let stack: LocalStack | undefined;
  let errors: unknown[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'message-flow-'));
    const resolve = join(folder, 'index.mjs');
    writeFileSync(resolve, resolveModule);
    bundles = { ...(await buildFunctions()), resolve };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => {
    await stack?.close();
    stack = undefined;
  });

  const write = async (guestReference: string, settings: Record<string, string> = {}) => {
    errors = [];
    stack = await startLocalStack({ bundles, settings, onError: (error) => errors.push(String(error)) });
    const { genesys } = stack;
    const client = await connectMessaging(genesys.messagingUrl);
    await client.configure('a token');
    await client.say('a token', 'hello', { guestReference });
    for (;;) {
      const [desk] = genesys.desktop.view().conversations;
      if (desk?.state === 'queue') {
        client.close();
        return desk;
      }
      await new Promise((done) => setTimeout(done, 5));
    }
  };

  it('asks the built function, in a container of its own with the environment of the others', async () => {
    expect((await write('sealed')).guest).toMatchObject({
      firstName: 'sealed 36 resolve guests',
      crmTier: 'Pro',
      vip: 'true',
    });
    expect(errors).toEqual([]);
  });

  it('shows what goes wrong there on the terminal, and brings the visitor to an agent', async () => {
    expect((await write('broken')).guest).toEqual({ found: 'false' });
    expect(errors).toEqual([expect.stringMatching(/^ActionFailure: Guest profiles: who is this, request: /)]);
  });

  it('takes the attributes of ATTRIBUTE_MAP as text: others break the contract of the action', async () => {
    const settings = { ATTRIBUTE_MAP: '{"crmTier":"tier","seats":"seats"}' };
    expect((await write('sealed', settings)).guest).toEqual({ found: 'false' });
    expect(errors).toEqual([
      expect.stringMatching(/output: the contract is broken: \/seats must be string$/),
    ]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dataActionFiles } from '../../../infra/build/data-action-files.ts';
import type { ActionFailure } from '../../../local/genesys/data-actions/run-action.ts';
import { type GenesysSimulator, startGenesysSimulator } from '../../../local/genesys-simulator.ts';
import { createFakeResolve } from '../../support/fake-resolve.ts';
import { connectMessaging, type MessagingClient } from '../../support/messaging-client.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:resolve';
const dataActions = dataActionFiles({
  functionArn,
  attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets', vip: 'vip' },
  types: { vip: 'boolean' },
});
const jane = {
  found: true,
  verified: true,
  consentGiven: true,
  consentType: 'explicit',
  enrichment: 'matched',
  firstName: 'Jane',
  email: 'jane.doe@shop.example',
  crmTier: 'Enterprise',
  historicalTickets: 12,
  vip: false,
  integrationSource: 'node-middleware-v1',
};

describe('the inbound message flow', () => {
  let genesys: GenesysSimulator;
  let resolve: ReturnType<typeof createFakeResolve>;
  let failures: ActionFailure[];
  let invokedArns: string[];
  const clients: MessagingClient[] = [];
  beforeEach(async () => {
    failures = [];
    invokedArns = [];
    resolve = createFakeResolve({
      'ref-jane': jane,
      'ref-refused': { found: true, verified: false, consentGiven: false, enrichment: 'no_consent' },
    });
    genesys = await startGenesysSimulator({
      flow: {
        dataActions,
        invokeFunction: (arn, event) => {
          invokedArns.push(arn);
          return resolve.invoke(event);
        },
        onFailure: (failure) => failures.push(failure),
      },
    });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await genesys.close();
  });

  const write = async (token: string, customAttributes?: Record<string, string>) => {
    const client = await connectMessaging(genesys.messagingUrl);
    clients.push(client);
    await client.configure(token);
    await client.say(token, 'hello', customAttributes);
    return client;
  };
  /** The latest conversation, once an agent has it. */
  const onDesk = async () => {
    for (;;) {
      const [latest] = genesys.desktop.view().conversations;
      if (latest?.state === 'queue') return latest;
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  /** An existing contact, as `resolve` would have made it. */
  const addContact = async (firstName: string): Promise<string> => {
    const token = (await (
      await fetch(`${genesys.url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: 'local-client',
          client_secret: 'local-client-secret',
        }),
      })
    ).json()) as { access_token: string };
    const externalSource = { id: '9e2b0f30-0000-4000-8000-000000000001' };
    const answer = await fetch(`${genesys.url}/api/v2/externalcontacts/contacts/enrich`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        matchingIdentifiers: [{ type: 'ExternalId', value: firstName, externalSource }],
        action: 'Upsert',
        contact: { firstName },
      }),
    });
    return ((await answer.json()) as { id: string }).id;
  };

  it('asks who this is with the reference of the page, and shows it to the agent', async () => {
    await write('token-1', { guestReference: 'ref-jane' });
    const desk = await onDesk();
    expect(desk.guest).toEqual({
      found: 'true',
      verified: 'true',
      consentGiven: 'true',
      consentType: 'explicit',
      enrichment: 'matched',
      firstName: 'Jane',
      email: 'jane.doe@shop.example',
      crmTier: 'Enterprise',
      historicalTickets: '12',
      vip: 'false',
      integrationSource: 'node-middleware-v1',
    });
    expect(invokedArns).toEqual([functionArn]);
    expect(resolve.events).toEqual([{ guestReference: 'ref-jane', conversationId: desk.id }]);
    expect(desk.messages).toMatchObject([{ from: 'visitor', text: 'hello' }]);
    expect(failures).toEqual([]);
  });

  it('associates the contact with the conversation', async () => {
    const externalContactId = await addContact('Jane');
    resolve = createFakeResolve({ 'ref-jane': { ...jane, externalContactId } });
    await write('token-1', { guestReference: 'ref-jane' });
    expect(await onDesk()).toMatchObject({ contact: { id: externalContactId, firstName: 'Jane' } });
    expect(failures).toEqual([]);
  });

  it('shows a reference in a second conversation as unknown', async () => {
    await write('token-1', { guestReference: 'ref-jane' });
    await onDesk();
    await write('token-2', { guestReference: 'ref-jane' });
    const desk = await onDesk();
    expect(genesys.conversations.size).toBe(2);
    expect(desk.guest).toEqual({ found: 'false' });
  });

  it.each([
    ['a forged reference', { guestReference: 'forged", "conversationId": "x' }],
    ['a visitor without a reference', undefined],
    ['a page with other attributes', { cart: '3' }],
  ])('shows %s as unknown', async (_, customAttributes) => {
    await write('token-1', customAttributes);
    const desk = await onDesk();
    expect(desk.guest).toEqual({ found: 'false' });
    expect(desk).not.toHaveProperty('contact');
  });

  it('shows a visitor without consent with nothing of the customer', async () => {
    await write('token-1', { guestReference: 'ref-refused' });
    expect((await onDesk()).guest).toEqual({
      found: 'true',
      verified: 'false',
      consentGiven: 'false',
      enrichment: 'no_consent',
    });
  });

  it.each(['context.', ''])('believes no mark that the page has set itself (prefix "%s")', async (prefix) => {
    genesys.control.change({ participantDataPrefix: prefix });
    await write('token-1', { 'guest.verified': 'true', 'guest.firstName': 'Mallory', 'guest.found': 'true' });
    expect((await onDesk()).guest).toEqual({ found: 'false' });
  });

  it('reads the reference under either name that it may arrive by', async () => {
    genesys.control.change({ participantDataPrefix: '' });
    await write('token-1', { guestReference: 'ref-jane' });
    expect((await onDesk()).guest).toMatchObject({ firstName: 'Jane' });
  });

  it('asks once for a conversation, not with every message', async () => {
    const client = await write('token-1', { guestReference: 'ref-jane' });
    await onDesk();
    await client.say('token-1', 'again', { guestReference: 'ref-jane' });
    expect(resolve.events).toHaveLength(1);
  });

  describe('takes the visitor to an agent all the same', () => {
    it('where the function fails', async () => {
      resolve = { ...resolve, invoke: () => Promise.reject(new Error('Unhandled')) };
      await write('token-1', { guestReference: 'ref-jane' });
      expect((await onDesk()).guest).toEqual({ found: 'false' });
      expect(failures).toMatchObject([{ action: 'Guest profiles: who is this', step: 'request' }]);
    });

    it('where the answer breaks the contract of the action', async () => {
      resolve = createFakeResolve({ 'ref-jane': { ...jane, historicalTickets: 'many' } });
      await write('token-1', { guestReference: 'ref-jane' });
      expect((await onDesk()).guest).toEqual({ found: 'false' });
      expect(failures).toMatchObject([{ step: 'output' }]);
    });

    it.each(['associate', 'conversation'] as const)(
      'where %s fails: only the contact is lost',
      async (endpoint) => {
        const externalContactId = await addContact('Jane');
        resolve = createFakeResolve({ 'ref-jane': { ...jane, externalContactId } });
        genesys.control.addFaults({ endpoint, kind: 'status', status: 503 });
        await write('token-1', { guestReference: 'ref-jane' });
        const desk = await onDesk();
        expect(desk.guest).toMatchObject({ firstName: 'Jane', externalContactId });
        expect(desk).not.toHaveProperty('contact');
        expect(failures).toMatchObject([{ step: 'request' }]);
      },
    );
  });
});

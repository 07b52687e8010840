import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import genesysSdk from 'purecloud-platform-client-v2';
import { enrichPath } from '../../lambda/genesys/contact.ts';
import { type GenesysSimulator, startGenesysSimulator } from '../../local/genesys-simulator.ts';
import { connectMessaging } from '../support/messaging-client.ts';

// The SDK's types want a name too; the service goes by the id.
const externalSource = { id: '9e2b0f30-0000-4000-8000-000000000001', name: 'CRM' };

describe("Genesys' own SDK against the simulator", () => {
  const { ApiClient, ConversationsApi, ExternalContactsApi } = genesysSdk;
  const client = ApiClient.instance;
  const contacts = new ExternalContactsApi();
  const conversations = new ConversationsApi();
  let genesys: GenesysSimulator;

  beforeAll(async () => {
    genesys = await startGenesysSimulator({ clientAuthentication: 'basic' });
    client.config.live_reload_config = false;
    client.setGateway({
      host: '127.0.0.1',
      protocol: 'http',
      port: genesys.port,
      path_params_login: 'login',
      path_params_api: 'api',
    });
    await client.loginClientCredentialsGrant('local-client', 'local-client-secret');
  });
  afterAll(() => genesys.close());

  const enrich = (firstName: string) =>
    contacts.postExternalcontactsContactsEnrich({
      matchingIdentifiers: [{ type: 'ExternalId', value: 'customer-1', externalSource }],
      action: 'Upsert',
      contact: { firstName, externalIds: [{ externalSource, value: 'customer-1' }] },
      fieldRules: { defaultAction: 'PreferProvided' },
    });

  it('creates, updates, finds and deletes a contact', async () => {
    const created = await enrich('Jane');
    const updated = await enrich('Janet');
    expect(updated).toMatchObject({ id: created.id, firstName: 'Janet' });
    expect(genesys.calls.slice(-2).map(({ status }) => status)).toEqual([201, 200]);
    const identifier = { type: 'ExternalId', value: 'customer-1', externalSource };
    const found = await contacts.postExternalcontactsIdentifierlookupContacts(identifier);
    expect(found.id).toBe(created.id);
    await contacts.deleteExternalcontactsContact(created.id ?? '');
    expect(genesys.contacts.size).toBe(0);
    await expect(contacts.postExternalcontactsIdentifierlookupContacts(identifier)).rejects.toMatchObject({
      status: 404,
    });
  });

  it('leaves everything as it is in a dry run', async () => {
    const before = genesys.contacts.size;
    await contacts.postExternalcontactsContactsEnrich(
      {
        matchingIdentifiers: [{ type: 'ExternalId', value: 'dry', externalSource }],
        action: 'Upsert',
        contact: { firstName: 'Dry' },
      },
      { dryRun: true },
    );
    expect(genesys.contacts.size).toBe(before);
  });

  it('understands the errors of the simulator', async () => {
    genesys.control.addFaults({ kind: 'limited', seconds: 42, calls: 1 });
    await expect(enrich('Jane')).rejects.toMatchObject({
      status: 429,
      code: 'too.many.requests.retry.after',
      message: expect.stringContaining('[42] seconds'),
    });
  });

  it('joins a contact and a conversation, reads it, and answers the visitor', async () => {
    const visitor = await connectMessaging(genesys.messagingUrl);
    await visitor.configure('a token');
    await visitor.say('a token', 'hello', { guestReference: 'sealed' });
    const [id = ''] = genesys.conversations.keys();
    const read = async () => {
      const { participants = [] } = await conversations.getConversation(id);
      return participants.find(({ purpose }) => purpose === 'customer');
    };
    const customer = await read();
    expect(customer).toMatchObject({ attributes: { 'context.guestReference': 'sealed' } });
    const communicationId = customer?.messages?.[0]?.id ?? '';

    const contact = await enrich('Jane');
    const externalContactId = contact.id ?? '';
    const association = { externalContactId, conversationId: id, communicationId, mediaType: 'MESSAGE' };
    await contacts.putExternalcontactsConversation(id, association);
    expect(await read()).toMatchObject({ externalContactId });
    expect(await contacts.getExternalcontactsContact(externalContactId)).toMatchObject({ firstName: 'Jane' });
    for (const wrong of [
      { communicationId: 'other' },
      { externalContactId: 'nobody' },
      { mediaType: 'POST' },
    ]) {
      await expect(
        contacts.putExternalcontactsConversation(id, { ...association, ...wrong }),
      ).rejects.toMatchObject({ status: expect.any(Number) });
    }

    await conversations.patchConversationsMessageParticipantAttributes(id, customer?.id ?? '', {
      body: { attributes: { 'guest.tier': 'Pro' } },
    });
    expect(await read()).toMatchObject({ attributes: { 'guest.tier': 'Pro' } });
    await conversations.postConversationsMessageCommunicationMessages(id, communicationId, {
      textBody: 'Hello, Jane!',
    });
    expect(await visitor.next()).toMatchObject({ body: { direction: 'Outbound', text: 'Hello, Jane!' } });
    visitor.close();
  });

  it('knows every path that the web-messaging provider and the data actions call', () => {
    const main = createRequire(import.meta.url).resolve('purecloud-platform-client-v2');
    const folder = join(dirname(main), '../../src/purecloud-platform-client-v2/api');
    const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const knows = (path: string) => sources.some((source) => source.includes(`'${path}'`));
    for (const path of [
      enrichPath,
      '/api/v2/externalcontacts/identifierlookup/contacts',
      '/api/v2/externalcontacts/contacts/{contactId}',
      '/api/v2/externalcontacts/conversations/{conversationId}',
      '/api/v2/conversations/{conversationId}',
    ]) {
      expect([path, knows(path)]).toEqual([path, true]);
    }
    // Said so in the README: should it change, the choice of the provider wants another look.
    expect(knows('/api/v2/webchat/v1/guests')).toBe(false);
  });
});

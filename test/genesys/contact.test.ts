import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createContacts } from '../../lambda/genesys/contact.ts';
import type { Profile } from '../../lambda/guest/profile.ts';
import type { Reply } from './scripted-transport.ts';
import { attributeMap, createWorld, jane, type WorldOptions } from './world.ts';

const start = (options: WorldOptions = {}) => {
  const world = createWorld({ style: 'basic', ...options });
  const contacts = createContacts({
    call: world.call,
    telemetry: world.telemetry,
    baseUrl: 'https://api.example.com',
    externalSourceId: 'source-1',
    attributeMap: options.attributeMap ?? attributeMap,
    credentials: world.credentials,
  });
  const upsert = async (profile: Profile = jane, budgetMs = 4000) =>
    await world.within(budgetMs, (deadline) => contacts.upsert(profile, deadline));
  const sent = (): unknown => JSON.parse(world.genesys.calls('contact')[0]?.body ?? 'null');
  return { ...world, contacts, upsert, sent };
};

describe('the contact of a customer who was erased meanwhile', () => {
  const remove = async (reply: Reply) => {
    const { contacts, within, genesys, telemetry } = start();
    genesys.script('contact', reply, reply, reply);
    await within(4000, (deadline) => contacts.remove('contact-1', deadline));
    return telemetry;
  };

  it('is deleted by its id, whatever that holds', async () => {
    const { contacts, within, genesys } = start();
    await within(4000, (deadline) => contacts.remove('a/b', deadline));
    expect(genesys.calls('contact')).toMatchObject([
      {
        method: 'DELETE',
        url: 'https://api.example.com/api/v2/externalcontacts/contacts/a%2Fb',
        body: '{}',
      },
    ]);
  });

  it.each<[string, Reply]>([
    ['deletes it', { status: 200, body: {} }],
    ['does not know it any more', { status: 404 }],
  ])('is removed when Genesys %s', async (_, reply) => {
    const telemetry = await remove(reply);
    expect(telemetry.of('contact_removed')).toHaveLength(1);
    expect(telemetry.of('contact_degraded')).toEqual([]);
    expect(telemetry.of('genesys_refused')).toEqual([]);
    expect(telemetry.of('genesys_called').map((fields) => fields?.['endpoint'])).toEqual([
      'oauth',
      'contact',
    ]);
  });

  it.each<[string, Reply]>([
    ['refuses', { status: 403 }],
    ['fails', { status: 500 }],
    ['hangs', 'hang'],
    ['limits', { status: 429, headers: { 'retry-after': '3600' } }],
  ])('is never said to be removed when Genesys %s', async (_, reply) => {
    const telemetry = await remove(reply);
    expect(telemetry.of('contact_removed')).toEqual([]);
    expect(telemetry.of('contact_degraded')).toHaveLength(1);
  });
});

describe('a customer’s contact', () => {
  it('is created or updated, matched by a keyed hash of the CRM’s customer id', async () => {
    const { upsert, sent, genesys, telemetry } = start();
    expect(await upsert()).toBe('contact-2');
    const value = createHmac('sha256', new Uint8Array(32).fill(7)).update('crm-4711').digest('hex');
    const externalSource = { id: 'source-1' };
    expect(sent()).toEqual({
      matchingIdentifiers: [{ type: 'ExternalId', value, externalSource }],
      action: 'Upsert',
      contact: {
        firstName: 'Jane',
        otherEmail: 'jane.roe@customers.example',
        externalIds: [{ externalSource, value }],
      },
      fieldRules: { defaultAction: 'PreferProvided' },
    });
    expect(genesys.calls('contact')[0]).toMatchObject({
      method: 'POST',
      url: 'https://api.example.com/api/v2/externalcontacts/contacts/enrich',
      headers: { Authorization: 'Bearer oauth-token-1' },
    });
    expect(telemetry.of('contact_enriched')).toHaveLength(1);
  });

  it('gets mapped attributes where it has a text field of that name, others nowhere', async () => {
    const { upsert, sent } = start({
      attributeMap: { title: 'tier', workEmail: 'email', crmTier: 'tier', lastName: 'surname' },
    });
    await upsert({ ...jane, attributes: { surname: 'Roe' } });
    expect(sent()).toMatchObject({
      contact: { firstName: 'Jane', title: 'Enterprise', workEmail: jane.email, lastName: 'Roe' },
    });
    expect(JSON.stringify(sent())).not.toMatch(/otherEmail|crmTier/);
  });

  it('has a digest that changes with what it would be told, and with nothing else', () => {
    const { contacts } = start();
    const digest = contacts.digest(jane);
    expect(contacts.digest({ ...jane, previousTickets: 99 })).toBe(digest);
    expect(contacts.digest({ ...jane, email: 'other@customers.example' })).not.toBe(digest);
    expect(contacts.digest({ ...jane, firstName: 'Joan' })).not.toBe(digest);
    expect(contacts.digest({ ...jane, crmId: 'crm-1' })).not.toBe(digest);
    expect(digest).not.toMatch(/jane|crm/i);
  });

  it('is not asked for without a customer id', async () => {
    const { upsert, genesys, telemetry } = start();
    expect(await upsert({ email: jane.email, anonymous: false })).toBeUndefined();
    expect(genesys.sent).toEqual([]);
    expect(telemetry.recorded).toEqual([]);
  });

  it('is left out, and the operator learns why, while the secret holds no externalIdKey', async () => {
    const { upsert, genesys, telemetry, credentials } = start();
    credentials.state.known = { ...credentials.state.known, externalIdKey: undefined };
    expect(await upsert()).toBeUndefined();
    expect(telemetry.of('external_id_key_missing')).toHaveLength(1);
    expect(genesys.sent).toEqual([]);
  });

  it.each<[string, Reply, string]>([
    ['is limited', { status: 429, headers: { 'retry-after': '1' } }, 'unavailable'],
    ['is limited for the day', { status: 429, headers: { 'retry-after': '3600' } }, 'unavailable'],
    ['is refused', { status: 400 }, 'refused'],
    ['lacks a permission', { status: 403, body: { message: 'externalContacts:contact:enrich' } }, 'refused'],
    ['fails', { status: 500 }, 'refused'],
    ['hangs', 'hang', 'lost'],
    ['brings garbage', { status: 200, body: 'garbage' }, 'malformed'],
    ['brings no id', { status: 200, body: {} }, 'malformed'],
  ])('costs itself only, never an error, when the call %s', async (_, reply, reason) => {
    const { upsert, clock, genesys, telemetry } = start();
    genesys.script('contact', reply, reply, reply);
    const startedAt = clock.now();
    expect(await upsert()).toBeUndefined();
    expect(clock.now() - startedAt).toBeLessThanOrEqual(4050);
    expect(telemetry.of('contact_degraded')).toEqual([{ reason }]);
  });

  it.each<[string, Reply]>([
    ['refused credentials', { status: 401, body: { error: 'invalid_client' } }],
    ['limiting', { status: 429, headers: { 'retry-after': '1' } }],
    ['an outage', { status: 500 }],
  ])('costs itself only after %s at the token endpoint', async (_, reply) => {
    const { upsert, genesys, telemetry } = start();
    genesys.script('oauth', reply);
    expect(await upsert()).toBeUndefined();
    expect(telemetry.of('contact_degraded')).toHaveLength(1);
  });

  it('waits for no limit: the message flow waits for us', async () => {
    const { upsert, clock, genesys } = start();
    genesys.script('contact', { status: 429, headers: { 'retry-after': '1' } });
    const startedAt = clock.now();
    expect(await upsert()).toBeUndefined();
    expect(clock.now() - startedAt).toBeLessThan(200);
    expect(genesys.calls('contact')).toHaveLength(1);
  });

  it('costs itself only when the secret cannot be read', async () => {
    const { upsert, credentials, telemetry } = start();
    credentials.current = async () => await Promise.reject(new Error('Secrets Manager is away'));
    expect(await upsert()).toBeUndefined();
    expect(telemetry.of('contact_degraded')).toEqual([{ reason: 'Error' }]);
    credentials.current = async () => await Promise.reject('something else');
    expect(await upsert()).toBeUndefined();
    expect(telemetry.of('contact_degraded')).toEqual([{ reason: 'Error' }, { reason: 'error' }]);
  });

  it.each([undefined, '', '  '])('has no first name where the CRM knows none: %j', async (firstName) => {
    const { upsert, sent } = start();
    const { firstName: _, ...rest } = jane;
    await upsert(firstName === undefined ? rest : { ...rest, firstName });
    expect(sent()).toMatchObject({ contact: { otherEmail: jane.email } });
    expect((sent() as { contact: object }).contact).not.toHaveProperty('firstName');
  });

  it('keeps what Genesys knows where the CRM has an empty text, and takes numbers as text', async () => {
    const { upsert, sent } = start({ attributeMap: { title: 'empty', lastName: 'number' } });
    await upsert({ ...jane, attributes: { empty: '', number: 7 } });
    expect((sent() as { contact: object }).contact).not.toHaveProperty('title');
    expect(sent()).toMatchObject({ contact: { lastName: '7' } });
  });

  it.each<[string, Reply]>([
    ['a lost connection', 'reset'],
    ['503', { status: 503 }],
    ['401', { status: 401 }],
  ])('is asked for again after %s: an upsert may be repeated', async (_, reply) => {
    const { upsert, genesys } = start();
    genesys.script('contact', reply);
    expect(await upsert()).toMatch(/^contact-/);
    expect(genesys.calls('contact')).toHaveLength(2);
  });

  it('leaves no personal data in telemetry and URLs, even where Genesys echoes it', async () => {
    const body = { message: `${jane.email} ${jane.crmId}`, cause: jane.email, code: jane.email };
    const seen: string[] = [];
    for (const status of [200, 400, 401, 403, 429, 500, 503]) {
      const { upsert, genesys, telemetry } = start();
      genesys.script('contact', { status, body }, { status, body }, { status, body });
      await upsert();
      seen.push(JSON.stringify(telemetry.recorded), ...genesys.sent.map(({ url }) => url));
    }
    const all = seen.join('\n');
    const secrets = [jane.email, 'Jane', jane.crmId, 'client-secret', 'oauth-token-1'];
    expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
    expect(all).toContain('contact_degraded');
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import genesysSdk from 'purecloud-platform-client-v2';
import { createAxiosTransport } from '../../lambda/genesys/axios-transport.ts';
import { connect } from '../../lambda/genesys/connect.ts';
import { createContacts, enrichBody, externalIdOf } from '../../lambda/genesys/contact.ts';
import { startDeadline } from '../../lambda/guest/deadline.ts';
import { systemClock as clock } from '../../lambda/time/system-clock.ts';

/** One request as it came over the wire. */
interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly body: unknown;
}

const secret = {
  clientId: 'client-1',
  clientSecret: 'the-client-secret',
  externalIdKey: Buffer.alloc(32, 9),
};
const telemetry = { record: () => undefined };
const profile = {
  email: 'jane.doe@example.com',
  firstName: 'Jane',
  tier: 'Enterprise',
  crmId: 'crm-1',
  anonymous: false,
};
const externalSourceId = '9e2b0f30-0000-4000-8000-000000000001';

const received: Received[] = [];
let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer((request, reply) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const contentType = request.headers['content-type']?.split(';')[0];
      const isForm = contentType === 'application/x-www-form-urlencoded';
      received.push({
        method: request.method,
        // The SDK is told to go through a gateway, whose paths it puts in front.
        path: request.url?.replace(/^\/(?:login|api)(?=\/(?:oauth|api)\/)/, ''),
        authorization: request.headers.authorization,
        contentType,
        body: isForm ? [...new URLSearchParams(text)].sort() : JSON.parse(text),
      });
      reply.writeHead(200, { 'Content-Type': 'application/json' });
      reply.end(JSON.stringify({ access_token: 'token', expires_in: 86_400, id: 'contact-1' }));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** What comes over the wire while somebody works. */
const during = async (work: () => Promise<unknown>): Promise<readonly Received[]> => {
  received.length = 0;
  await work();
  return [...received];
};

describe("Genesys' own SDK and this project", () => {
  it('log in and enrich a contact by equal requests', async () => {
    const url = `http://127.0.0.1:${port}`;
    const transport = createAxiosTransport();
    const credentials = { current: async () => secret, refresh: async () => ({ secret }) };
    const ours = await during(async () => {
      const { call } = connect({
        transport,
        clock,
        telemetry,
        loginUrl: url,
        timeoutMs: 10_000,
        credentials,
        style: 'basic',
      });
      const contacts = createContacts({
        call,
        telemetry,
        baseUrl: url,
        externalSourceId,
        attributeMap: {},
        credentials,
      });
      const deadline = startDeadline(clock, 20_000);
      expect(await contacts.upsert(profile, deadline)).toBe('contact-1');
      deadline.clear();
    });
    transport.close();

    const theirs = await during(async () => {
      const { ApiClient, ExternalContactsApi } = genesysSdk;
      const client = ApiClient.instance;
      client.config.live_reload_config = false;
      client.setGateway({
        host: '127.0.0.1',
        protocol: 'http',
        port,
        path_params_login: 'login',
        path_params_api: 'api',
      });
      await client.loginClientCredentialsGrant(secret.clientId, secret.clientSecret);
      const externalId = externalIdOf(profile.crmId, secret.externalIdKey);
      const body = enrichBody(profile, externalId, externalSourceId, {});
      await new ExternalContactsApi().postExternalcontactsContactsEnrich(body as never);
    });

    expect(ours).toHaveLength(2);
    expect(ours).toEqual(theirs);
  });
});

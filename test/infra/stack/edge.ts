import { type IncomingHttpHeaders, request } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import * as v from 'valibot';
import { problemSchema, problems } from '../../../lambda/contract.ts';
import { startGateway } from '../../../local/gateway.ts';
import { everyOption, type Stacks, type SynthesisedStack, synthesise } from '../template.ts';
import { runMock } from './mock-gateway.ts';

const site = 'https://www.example.com';
const shop = 'https://shop.example.com';

/** Sends header names as they are written: the templates tell cases apart. */
const requestRaw = (
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  path = '/api/webchat/init',
): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: string }> =>
  new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });

const gatewayAnswer = (stack: SynthesisedStack, type: string) => {
  const answer = stack
    .all('AWS::ApiGateway::GatewayResponse')
    .find(({ properties }) => properties.ResponseType === type);
  if (answer === undefined) throw new Error(`no gateway response ${type}`);
  const { StatusCode, ResponseParameters, ResponseTemplates } = answer.properties;
  const body = JSON.parse(ResponseTemplates['application/json'].replace('$context.requestId', 'request-1'));
  const headers = Object.fromEntries(
    Object.entries<string>(ResponseParameters).map(([name, value]) => [
      name.replace('gatewayresponse.header.', ''),
      value,
    ]),
  );
  return { status: Number(StatusCode), headers, body };
};

export const edgeAnswers = ({ prod, dev, full, closed }: Stacks): void => {
  describe('the gateway itself', () => {
    it.each([
      ['WAF_FILTERED', 403, 'origin_not_allowed'],
      ['DEFAULT_4XX', 400, 'invalid_request'],
      ['REQUEST_TOO_LARGE', 413, 'payload_too_large'],
      ['UNSUPPORTED_MEDIA_TYPE', 415, 'unsupported_media_type'],
      ['THROTTLED', 429, 'too_many_requests'],
      ['DEFAULT_5XX', 500, 'internal_error'],
      ['INTEGRATION_FAILURE', 503, 'genesys_unavailable'],
      ['INTEGRATION_TIMEOUT', 504, 'deadline_exceeded'],
      ['MISSING_AUTHENTICATION_TOKEN', 404, 'invalid_request'],
    ] as const)('answers %s with %d %s in the problem shape', (type, status, code) => {
      const { body, headers, status: answered } = gatewayAnswer(prod, type);
      expect(answered).toBe(status);
      expect(v.is(problemSchema, body)).toBe(true);
      expect(body).toMatchObject({
        type: `urn:problem:${code}`,
        status,
        code,
        requestId: 'request-1',
        retryable: problems[code].retryable,
      });
      expect(body.error).toBe(body.detail);
      expect(headers).toMatchObject({
        'Content-Type': "'application/problem+json'",
        'Cache-Control': "'no-store'",
        'X-Content-Type-Options': "'nosniff'",
        'X-Request-Id': 'context.requestId',
        'Access-Control-Allow-Origin': "'*'",
        'Access-Control-Expose-Headers': "'Retry-After, X-Request-Id'",
        Vary: "'Origin'",
      });
      expect(headers['Retry-After']).toBe(
        body.retryAfterSeconds === undefined ? undefined : `'${body.retryAfterSeconds}'`,
      );
    });

    it('lets every page read what the edge itself responds, and nothing else', () => {
      for (const stack of [prod, dev, full, closed]) {
        const open = stack.all().filter(({ text }) => /Allow-Origin[^}]{0,20}\*/.test(text));
        expect(new Set(open.map(({ type }) => type))).toEqual(
          new Set(['AWS::ApiGateway::GatewayResponse', 'AWS::WAFv2::WebACL']),
        );
      }
    });

    it('answers a preflight of an allowed origin with 204 and that very origin', () => {
      for (const origin of [site, shop]) {
        expect(runMock(full, 'OPTIONS', { Origin: origin })).toMatchObject({
          status: 204,
          body: '',
          headers: {
            'Access-Control-Allow-Origin': origin,
            'Access-Control-Allow-Methods': 'POST, OPTIONS',
            'Access-Control-Allow-Headers': 'Content-Type, X-Session-Signature',
            'Access-Control-Expose-Headers': 'Retry-After, X-Request-Id',
            Vary: 'Origin',
          },
        });
      }
    });

    it('finds the origin in a header of lower case, as HTTP/2 sends it', () => {
      expect(runMock(full, 'OPTIONS', { origin: shop }).headers['Access-Control-Allow-Origin']).toBe(shop);
    });

    it.each([{}, { Origin: 'https://evil.example' }, { Origin: `${site}.evil.example` }, { Origin: 'null' }])(
      'refuses a preflight of %o with 403 and no permission',
      (headers: Record<string, string>) => {
        const answer = runMock(full, 'OPTIONS', headers);
        expect(answer.status).toBe(403);
        expect(answer.headers).not.toHaveProperty('Access-Control-Allow-Origin');
        expect(v.is(problemSchema, JSON.parse(answer.body))).toBe(true);
      },
    );

    it('answers other methods with 405 and the methods that there are', () => {
      const answer = runMock(prod, 'ANY', { Origin: site });
      expect(answer).toMatchObject({
        status: 405,
        headers: { Allow: 'POST, OPTIONS', 'Access-Control-Allow-Origin': site },
      });
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'method_not_allowed', requestId: 'request-1' });
    });

    it('answers every POST with 503 and Retry-After while the kill switch is on, and calls no function', () => {
      const answer = runMock(closed, 'POST', { Origin: site });
      expect(answer).toMatchObject({
        status: 503,
        headers: {
          'Content-Type': 'application/problem+json',
          'Retry-After': '300',
          'X-Request-Id': 'request-1',
          'Access-Control-Allow-Origin': site,
        },
      });
      const problem = JSON.parse(answer.body);
      expect(v.is(problemSchema, problem)).toBe(true);
      expect(problem).toMatchObject({ code: 'genesys_unavailable', retryAfterSeconds: 300, retryable: true });
      expect(closed.one('AWS::ApiGateway::Method', 'ApiRestapiwebchatinitPOST').text).not.toContain(
        'invocations',
      );
    });

    it('is deployed anew when the kill switch is turned', () => {
      expect(closed.one('AWS::ApiGateway::Deployment').id).not.toBe(
        prod.one('AWS::ApiGateway::Deployment').id,
      );
    });

    it('leaves the body to the function, which names each faulty field', () => {
      expect(prod.all('AWS::ApiGateway::Model')).toEqual([]);
      expect(prod.all('AWS::ApiGateway::RequestValidator')).toEqual([]);
      const post = prod.one('AWS::ApiGateway::Method', 'ApiRestapiwebchatinitPOST').properties;
      expect(post).not.toHaveProperty('RequestValidatorId');
      expect(post.Integration).toMatchObject({ Type: 'AWS_PROXY', IntegrationHttpMethod: 'POST' });
    });

    it.each([
      ['OPTIONS', { Origin: site }],
      ['OPTIONS', { origin: shop }],
      ['OPTIONS', { Origin: 'https://evil.example' }],
      ['OPTIONS', {}],
      ['ANY', { Origin: site }],
      ['ANY', {}],
      ['POST', { Origin: site }],
    ] as const)(
      'responds to %s with %o here as it does on a developer’s machine',
      async (method, headers) => {
        const stack = method === 'POST' ? closed : full;
        const local = await startGateway({
          handler: () => undefined,
          edge: () => ({
            origins: method === 'POST' ? [site] : [site, shop],
            ...(method === 'POST' ? { closedRetryAfterSeconds: 300 } : {}),
          }),
        });
        try {
          const response = await requestRaw(local.url, method === 'ANY' ? 'PUT' : method, headers);
          const deployed = runMock(stack, method, headers);
          const id = String(response.headers['x-request-id']);
          expect(response.status).toBe(deployed.status);
          expect(response.body).toBe(deployed.body.replaceAll('request-1', id));
          for (const [name, value] of Object.entries(deployed.headers)) {
            expect([name, response.headers[name.toLowerCase()]]).toEqual([
              name,
              value.replace('request-1', id),
            ]);
          }
          expect('access-control-allow-origin' in response.headers).toBe(
            'Access-Control-Allow-Origin' in deployed.headers,
          );
        } finally {
          await local.close();
        }
      },
    );

    it('responds to floods and unknown paths here as it does on a developer’s machine', async () => {
      const local = await startGateway({
        handler: () => ({ statusCode: 200, body: '{}' }),
        limits: { throttle: { ratePerSecond: 1e-6, burst: 2 } },
      });
      try {
        const unknown = await requestRaw(local.url, 'POST', {}, '/api/other');
        await requestRaw(local.url, 'POST', {});
        const throttled = await requestRaw(local.url, 'POST', {});
        for (const [response, type] of [
          [unknown, 'MISSING_AUTHENTICATION_TOKEN'],
          [throttled, 'THROTTLED'],
        ] as const) {
          const deployed = gatewayAnswer(prod, type);
          const id = String(response.headers['x-request-id']);
          expect(response.status).toBe(deployed.status);
          expect(JSON.parse(response.body)).toEqual({ ...deployed.body, requestId: id });
          for (const [name, value] of Object.entries(deployed.headers)) {
            const expected = value === 'context.requestId' ? id : value.replaceAll("'", '');
            expect([name, response.headers[name.toLowerCase()]]).toEqual([name, expected]);
          }
        }
      } finally {
        await local.close();
      }
    });

    it('may invoke the function while the kill switch is on, so that reopening finds it ready', () => {
      const permission = (stack: SynthesisedStack) => stack.one('AWS::Lambda::Permission');
      expect(permission(closed).properties).toEqual(permission(prod).properties);
      expect(prod.one('AWS::ApiGateway::Stage').text).toContain(permission(prod).id);
    });

    it('can be closed past CloudFormation, and what that changes taken back whole', () => {
      const command = (name: string) => JSON.stringify(prod.outputs[name]?.Value);
      const route = '/~1api~1webchat~1init/POST';
      expect(command('CloseNowCommand')).toContain(`op=replace,path=${route}/throttling/rateLimit,value=0`);
      expect(command('CloseNowCommand')).toContain('--no-enabled');
      expect(command('OpenNowCommand')).toContain(`op=remove,path=${route} `);
      // The template has no settings of that one method that would go with it.
      const settings = prod.one('AWS::ApiGateway::Stage').properties.MethodSettings;
      expect(settings.map(({ ResourcePath }: { ResourcePath: string }) => ResourcePath)).toEqual(['/*']);
    });

    it('limits requests as the environment says, and logs and measures every method without bodies', () => {
      expect(prod.one('AWS::ApiGateway::Stage').properties.MethodSettings).toEqual([
        expect.objectContaining({
          ResourcePath: '/*',
          HttpMethod: '*',
          ThrottlingRateLimit: 400,
          ThrottlingBurstLimit: 200,
          LoggingLevel: 'ERROR',
          MetricsEnabled: true,
          DataTraceEnabled: false,
        }),
      ]);
    });

    it('keeps an access log without anything that names a person', () => {
      const format = JSON.parse(prod.one('AWS::ApiGateway::Stage').properties.AccessLogSetting.Format);
      expect(Object.keys(format)).toEqual(expect.arrayContaining(['requestId', 'status', 'durationMs']));
      for (const value of Object.values(format)) {
        expect(value).not.toMatch(/identity|sourceIp|userAgent|caller|authorizer|header|querystring|body/i);
      }
    });

    it('is regional, and reached by its own domain only where there is one', () => {
      expect(prod.one('AWS::ApiGateway::RestApi').properties).toMatchObject({
        EndpointConfiguration: { Types: ['REGIONAL'] },
        DisableExecuteApiEndpoint: false,
        Name: 'GuestProfiles-prod',
      });
      expect(full.one('AWS::ApiGateway::RestApi').properties.DisableExecuteApiEndpoint).toBe(true);
      expect(full.one('AWS::ApiGateway::DomainName').properties).toMatchObject({
        DomainName: 'chat.example.com',
        SecurityPolicy: 'TLS_1_2',
      });
      // IPv4 only: by IPv6, one visitor could ask from more addresses than any limit counts.
      expect(full.all('AWS::Route53::RecordSet').map(({ properties }) => properties.Type)).toEqual(['A']);
    });

    it('serves the old address on until the website uses the new one', () => {
      const customDomain = { ...everyOption.customDomain, only: false } as NonNullable<
        typeof everyOption.customDomain
      >;
      const both = synthesise('prod', { ...everyOption, customDomain }, { check: false });
      expect(both.one('AWS::ApiGateway::RestApi').properties.DisableExecuteApiEndpoint).toBe(false);
      expect(both.outputs['ApiUrl']).toMatchObject({ Value: 'https://chat.example.com' });
    });
  });
};

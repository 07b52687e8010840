import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { initRequestSchema, problemSchema, problems } from '../../../lambda/contract.ts';
import type { Stacks, SynthesisedStack } from '../template.ts';
import { runMock } from './mock-gateway.ts';

const site = 'https://www.example.com';
const shop = 'https://shop.example.com';

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
      ['ACCESS_DENIED', 403, 'origin_not_allowed'],
      ['BAD_REQUEST_BODY', 400, 'invalid_request'],
      ['REQUEST_TOO_LARGE', 413, 'payload_too_large'],
      ['UNSUPPORTED_MEDIA_TYPE', 415, 'unsupported_media_type'],
      ['THROTTLED', 429, 'too_many_requests'],
      ['DEFAULT_5XX', 500, 'internal_error'],
      ['INTEGRATION_FAILURE', 500, 'internal_error'],
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
        'Access-Control-Allow-Origin': `'${site}'`,
        Vary: "'Origin'",
      });
      expect(headers['Retry-After']).toBe(
        body.retryAfterSeconds === undefined ? undefined : `'${body.retryAfterSeconds}'`,
      );
    });

    it('never allows every origin', () => {
      for (const stack of [prod, dev, full, closed]) expect(stack.text).not.toContain('Allow-Origin":"\'*\'');
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
      expect(closed.all('AWS::Lambda::Permission')).toEqual([]);
    });

    it('is deployed anew when the kill switch is turned', () => {
      expect(closed.one('AWS::ApiGateway::Deployment').id).not.toBe(
        prod.one('AWS::ApiGateway::Deployment').id,
      );
    });

    it('checks the body with the schema of the function, and refuses nothing that the function takes', () => {
      const { Schema: schema, ContentType } = prod.one('AWS::ApiGateway::Model').properties;
      expect(ContentType).toBe('application/json');
      expect(schema).toMatchObject({
        $schema: 'http://json-schema.org/draft-04/schema#',
        required: ['sessionId'],
      });
      const { sessionId, consentGiven, consentType } = schema.properties;
      expect(consentGiven).toEqual({ type: 'boolean' });
      expect(consentType).toEqual({ type: 'string', enum: ['explicit', 'implicit'] });
      const pattern = new RegExp(sessionId.pattern);
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
          const length = [...text].length;
          const taken = length >= sessionId.minLength && length <= sessionId.maxLength && pattern.test(text);
          const takenByFunction = v.is(initRequestSchema, { sessionId: text });
          expect(taken || !takenByFunction).toBe(true);
          if (length <= 100) expect(taken).toBe(takenByFunction || !text.isWellFormed());
        }),
      );
      expect(pattern.test('a\u0085b')).toBe(false);
      const post = prod.one('AWS::ApiGateway::Method', 'ApiRestapiwebchatinitPOST').properties;
      expect(post.RequestModels).toEqual({
        'application/json': { Ref: prod.one('AWS::ApiGateway::Model').id },
      });
    });

    it('limits requests as the environment says, and writes errors but no bodies to its log', () => {
      const [wildcard, post] = prod.one('AWS::ApiGateway::Stage').properties.MethodSettings;
      expect([wildcard, post]).toEqual([
        expect.objectContaining({ ResourcePath: '/*', ThrottlingRateLimit: 200, DataTraceEnabled: false }),
        expect.objectContaining({
          ResourcePath: '/~1api~1webchat~1init',
          HttpMethod: 'POST',
          ThrottlingRateLimit: 200,
          ThrottlingBurstLimit: 400,
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
      expect(
        full
          .all('AWS::Route53::RecordSet')
          .map(({ properties }) => properties.Type)
          .sort(),
      ).toEqual(['A', 'AAAA']);
    });
  });
};

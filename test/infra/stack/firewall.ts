import { describe, expect, it } from '@jest/globals';
import * as v from 'valibot';
import { problemSchema } from '../../../lambda/contract.ts';
import type { Stacks, SynthesisedStack } from '../template.ts';

const acl = (stack: SynthesisedStack) => stack.one('AWS::WAFv2::WebACL').properties;
const rule = (stack: SynthesisedStack, name: string) =>
  acl(stack).Rules.find(({ Name }: { Name: string }) => Name === name);

export const firewallRefuses = ({ prod, full, dev }: Stacks): void => {
  describe('the firewall', () => {
    it('stands before the API', () => {
      const { ResourceArn, WebACLArn } = prod.one('AWS::WAFv2::WebACLAssociation').properties;
      expect(JSON.stringify(ResourceArn)).toContain('/stages/');
      expect(WebACLArn).toEqual({ 'Fn::GetAtt': [prod.one('AWS::WAFv2::WebACL').id, 'Arn'] });
      expect(acl(prod).DefaultAction).toEqual({ Allow: {} });
    });

    it('takes 300 requests of an address in five minutes, then answers 429 with Retry-After', () => {
      const { Statement, Action } = rule(prod, 'RatePerAddress');
      expect(Statement.RateBasedStatement).toEqual({
        AggregateKeyType: 'IP',
        EvaluationWindowSec: 300,
        Limit: 300,
      });
      const { CustomResponse } = Action.Block;
      expect(CustomResponse.ResponseCode).toBe(429);
      expect(CustomResponse.ResponseHeaders).toEqual(
        expect.arrayContaining([
          { Name: 'Retry-After', Value: '60' },
          { Name: 'Access-Control-Allow-Origin', Value: 'https://www.example.com' },
        ]),
      );
    });

    it('refuses bodies over 8 KiB with 413, also where it does not see all of them', () => {
      const { Statement, Action } = rule(prod, 'BodySize');
      expect(Statement.SizeConstraintStatement).toMatchObject({
        ComparisonOperator: 'GT',
        Size: 8192,
        FieldToMatch: { Body: { OversizeHandling: 'MATCH' } },
      });
      expect(Action.Block.CustomResponse.ResponseCode).toBe(413);
    });

    it('refuses a POST that is not JSON with 415, and takes the JSON types that the function takes', () => {
      const { Statement, Action } = rule(prod, 'ContentType');
      expect(Action.Block.CustomResponse.ResponseCode).toBe(415);
      const [method, notJson] = Statement.AndStatement.Statements;
      expect(method.ByteMatchStatement).toMatchObject({
        SearchString: 'POST',
        PositionalConstraint: 'EXACTLY',
      });
      const json = new RegExp(notJson.NotStatement.Statement.RegexMatchStatement.RegexString);
      for (const type of [
        'application/json',
        'application/json; charset=utf-8',
        'application/vnd.api+json',
      ]) {
        expect(json.test(type)).toBe(true);
      }
      for (const type of ['text/plain', 'application/jsonp', 'text/html; application/json', '']) {
        expect(json.test(type)).toBe(false);
      }
    });

    it("applies AWS' common and known-bad-input rules as they are", () => {
      for (const name of ['AWSManagedRulesCommonRuleSet', 'AWSManagedRulesKnownBadInputsRuleSet']) {
        expect(rule(prod, name)).toMatchObject({
          OverrideAction: { None: {} },
          Statement: { ManagedRuleGroupStatement: { VendorName: 'AWS', Name: name } },
        });
      }
    });

    it('answers in the problem shape', () => {
      const bodies = Object.entries<{ Content: string; ContentType: string }>(acl(prod).CustomResponseBodies);
      expect(bodies.map(([code]) => code).sort()).toEqual([
        'origin_not_allowed',
        'payload_too_large',
        'too_many_requests',
        'unsupported_media_type',
      ]);
      for (const [code, { Content, ContentType }] of bodies) {
        expect(ContentType).toBe('APPLICATION_JSON');
        const problem = JSON.parse(Content);
        expect(v.is(problemSchema, problem)).toBe(true);
        expect(problem.code).toBe(code);
      }
    });

    it('lets in only the countries and addresses that are listed, where any are', () => {
      expect(rule(dev, 'Country')).toBeUndefined();
      expect(rule(full, 'Country').Statement).toEqual({
        NotStatement: { Statement: { GeoMatchStatement: { CountryCodes: ['DE', 'AT'] } } },
      });
      expect(rule(full, 'Country').Action.Block.CustomResponse.ResponseCode).toBe(403);
      expect(rule(full, 'AddressRange').Statement.NotStatement.Statement.OrStatement.Statements).toHaveLength(
        2,
      );
      const addresses = full.all('AWS::WAFv2::IPSet').map(({ properties }) => properties.Addresses);
      expect(addresses.sort()).toEqual([['192.0.2.0/24'], ['2001:db8::/32']]);
    });

    it('judges the cheap and the certain first', () => {
      const order = acl(full).Rules.map(({ Name }: { Name: string }) => Name);
      expect(order).toEqual([
        'Country',
        'AddressRange',
        'RatePerAddress',
        'BodySize',
        'ContentType',
        'AWSManagedRulesCommonRuleSet',
        'AWSManagedRulesKnownBadInputsRuleSet',
      ]);
      const priorities = acl(full).Rules.map(({ Priority }: { Priority: number }) => Priority);
      expect(priorities).toEqual([0, 1, 2, 3, 4, 5, 6]);
    });
  });
};

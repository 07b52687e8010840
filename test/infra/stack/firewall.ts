import { describe, expect, it } from '@jest/globals';
import * as v from 'valibot';
import { checkSettings } from '../../../infra/settings.ts';
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

    it('takes of one address a tenth of a minute of Genesys’ quota in five minutes, then responds 429', () => {
      const { Statement, Action } = rule(prod, 'RatePerAddress');
      expect(Statement.RateBasedStatement).toMatchObject({
        AggregateKeyType: 'IP',
        EvaluationWindowSec: 300,
        Limit: 30,
        ScopeDownStatement: { ByteMatchStatement: { SearchString: 'POST' } },
      });
      const { CustomResponse } = Action.Block;
      expect(CustomResponse.ResponseCode).toBe(429);
      expect(CustomResponse.ResponseHeaders).toEqual(
        expect.arrayContaining([
          { Name: 'Retry-After', Value: '60' },
          { Name: 'Access-Control-Allow-Origin', Value: '*' },
        ]),
      );
    });

    it('leaves half of the quota to everybody else while a dozen addresses ask as much as they may', () => {
      for (const genesysQuotaPerMinute of [300, 1000, 6000]) {
        const { requestsPerAddress } = checkSettings('test', {
          region: 'eu-central-1',
          allowedOrigins: ['https://www.example.com'],
          genesysQuotaPerMinute,
        });
        const callsPerSession = 2;
        const callsInFiveMinutes = 12 * requestsPerAddress * callsPerSession;
        expect(callsInFiveMinutes).toBeLessThan((5 * genesysQuotaPerMinute) / 2);
      }
    });

    it('asks for a browser challenge before it blocks, where the page can pass one', () => {
      expect(rule(prod, 'ChallengePerAddress')).toBeUndefined();
      expect(rule(full, 'ChallengePerAddress')).toMatchObject({
        Action: { Challenge: {} },
        Statement: { RateBasedStatement: { Limit: 20 } },
      });
    });

    it('counts the visitor’s own address behind a CDN', () => {
      expect(rule(full, 'RatePerAddress').Statement.RateBasedStatement).toMatchObject({
        AggregateKeyType: 'FORWARDED_IP',
        ForwardedIPConfig: { HeaderName: 'X-Forwarded-For', FallbackBehavior: 'MATCH' },
      });
    });

    it('has a name of its own in metrics: environments share a region', () => {
      expect(acl(prod).VisibilityConfig.MetricName).toBe('guest-profiles-prod');
      expect(acl(dev).VisibilityConfig.MetricName).toBe('guest-profiles-dev');
    });

    it("applies AWS' common and known-bad-input rules, but leaves the size of a body to the function", () => {
      const common = rule(prod, 'AWSManagedRulesCommonRuleSet').Statement.ManagedRuleGroupStatement;
      expect(common.RuleActionOverrides).toEqual([
        { Name: 'SizeRestrictions_BODY', ActionToUse: { Count: {} } },
      ]);
      for (const name of ['AWSManagedRulesCommonRuleSet', 'AWSManagedRulesKnownBadInputsRuleSet']) {
        expect(rule(prod, name)).toMatchObject({
          OverrideAction: { None: {} },
          Statement: { ManagedRuleGroupStatement: { VendorName: 'AWS', Name: name } },
        });
      }
    });

    it('answers in the problem shape', () => {
      const bodies = Object.entries<{ Content: string; ContentType: string }>(acl(prod).CustomResponseBodies);
      expect(bodies.map(([code]) => code).sort()).toEqual(['origin_not_allowed', 'too_many_requests']);
      for (const [code, { Content, ContentType }] of bodies) {
        expect(ContentType).toBe('APPLICATION_JSON');
        const problem = JSON.parse(Content);
        expect(v.is(problemSchema, problem)).toBe(true);
        expect(problem.code).toBe(code);
      }
    });

    it('lets in only the countries and addresses that are listed, where any are', () => {
      expect(rule(dev, 'Country')).toBeUndefined();
      // A request past the CDN has no such header: it is of no country.
      expect(rule(full, 'Country').Statement).toMatchObject({
        NotStatement: {
          Statement: {
            GeoMatchStatement: {
              CountryCodes: ['DE', 'AT'],
              ForwardedIPConfig: { FallbackBehavior: 'NO_MATCH' },
            },
          },
        },
      });
      expect(rule(full, 'Country').Action.Block.CustomResponse.ResponseCode).toBe(403);
      expect(rule(full, 'AddressRange').Statement.NotStatement.Statement).toHaveProperty(
        'IPSetReferenceStatement',
      );
      const addresses = full.all('AWS::WAFv2::IPSet').map(({ properties }) => properties.Addresses);
      expect(addresses).toEqual([['192.0.2.0/24']]);
    });

    it('judges the cheap and the certain first', () => {
      const order = acl(full).Rules.map(({ Name }: { Name: string }) => Name);
      expect(order).toEqual([
        'Country',
        'AddressRange',
        'RatePerAddress',
        'ChallengePerAddress',
        'AWSManagedRulesCommonRuleSet',
        'AWSManagedRulesKnownBadInputsRuleSet',
      ]);
      const priorities = acl(full).Rules.map(({ Priority }: { Priority: number }) => Priority);
      expect(priorities).toEqual([0, 1, 2, 3, 4, 5]);
    });
  });
};

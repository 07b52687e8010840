import { CfnIPSet, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { problems } from '../../lambda/contract.ts';
import { accept } from '../accepted-findings.ts';
import type { Settings } from '../settings.ts';
import { type Refusal, refusalBody, refusalHeaders, refusals } from './firewall-answers.ts';

type Statement = CfnWebACL.StatementProperty;
type Rule = Omit<CfnWebACL.RuleProperty, 'priority'>;

interface WebAclProps {
  readonly settings: Settings;
  /** ARN of the API's stage. */
  readonly stageArn: string;
}

const rateWindowSeconds = 300;

/** Rules that block for how often an address asks; the others block for what it asks. */
export const rateRules = ['RatePerAddress'] as const;
/** Rules that may be wrong about an ordinary visitor. */
export const contentRules = [
  'Country',
  'AddressRange',
  'AWSManagedRulesCommonRuleSet',
  'AWSManagedRulesKnownBadInputsRuleSet',
] as const;

const isPost: Statement = {
  byteMatchStatement: {
    fieldToMatch: { method: {} },
    positionalConstraint: 'EXACTLY',
    searchString: 'POST',
    textTransformations: [{ priority: 0, type: 'NONE' }],
  },
};

/**
 * The firewall before the API: who may come at all and how often, then AWS' own groups. What a body may be is
 * the function's to say, since only it says so in the API's own words. Nothing of a request is stored.
 */
export class WebAcl extends Construct {
  /** Name of the firewall in metrics, the environment's own: several share a region. */
  readonly metricName: string;
  /** Rules of this firewall, as metrics name them. */
  readonly ruleNames: readonly string[];
  private readonly settings: Settings;

  constructor(scope: Construct, id: string, { settings, stageArn }: WebAclProps) {
    super(scope, id);
    this.settings = settings;
    this.metricName = `guest-profiles-${settings.name}`;
    const rules = [...this.allowList(), ...this.rates(), ...this.managed()];
    this.ruleNames = rules.map(({ name }) => name);
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: this.visibility(this.metricName),
      customResponseBodies: Object.fromEntries(
        (Object.keys(refusals) as Refusal[]).map((code) => [
          code,
          { contentType: 'APPLICATION_JSON', content: refusalBody(code) },
        ]),
      ),
      rules: rules.map((rule, priority) => ({ ...rule, priority })),
    });
    accept(
      acl,
      ['NIST.800.53.R5-WAFv2LoggingEnabled', 'PCI.DSS.321-WAFv2LoggingEnabled'],
      'A firewall log holds the addresses and headers of visitors, which this service does not store. Alarms firewall-blocks and address-limited watch its metrics by rule, and the console shows samples of the last three hours.',
    );
    new CfnWebACLAssociation(this, 'Association', { resourceArn: stageArn, webAclArn: acl.attrArn });
  }

  /** Behind a CDN every visitor has the CDN's address; the visitor's own is in a header then. */
  private get forwarded(): { headerName: string; fallbackBehavior: string } | undefined {
    const { clientAddressHeader } = this.settings;
    // Without that header a request did not come through the CDN: it counts as one of the limited.
    return clientAddressHeader === undefined
      ? undefined
      : { headerName: clientAddressHeader, fallbackBehavior: 'MATCH' };
  }

  private rates(): Rule[] {
    const { requestsPerAddress, challengeRequestsPerAddress } = this.settings;
    const { forwarded } = this;
    const above = (limit: number): Statement => ({
      rateBasedStatement: {
        limit,
        evaluationWindowSec: rateWindowSeconds,
        ...(forwarded === undefined
          ? { aggregateKeyType: 'IP' }
          : { aggregateKeyType: 'FORWARDED_IP', forwardedIpConfig: forwarded }),
        // A browser asks twice, once for permission: only what costs quota counts.
        scopeDownStatement: isPost,
      },
    });
    return [
      this.refuse('RatePerAddress', 'too_many_requests', above(requestsPerAddress)),
      ...(challengeRequestsPerAddress === undefined
        ? []
        : [
            {
              name: 'ChallengePerAddress',
              statement: above(challengeRequestsPerAddress),
              action: { challenge: {} },
              visibilityConfig: this.visibility('ChallengePerAddress'),
            },
          ]),
    ];
  }

  private allowList(): Rule[] {
    const { allowedCountries, allowedAddressRanges } = this.settings;
    const { forwarded } = this;
    return [
      ...(allowedCountries === undefined
        ? []
        : [
            this.refuse('Country', 'origin_not_allowed', {
              notStatement: {
                statement: {
                  geoMatchStatement: {
                    countryCodes: [...allowedCountries],
                    ...(forwarded && { forwardedIpConfig: { ...forwarded, fallbackBehavior: 'NO_MATCH' } }),
                  },
                },
              },
            }),
          ]),
      ...(allowedAddressRanges === undefined
        ? []
        : [
            this.refuse('AddressRange', 'origin_not_allowed', {
              notStatement: { statement: this.inRanges(allowedAddressRanges) },
            }),
          ]),
    ];
  }

  private inRanges(addresses: readonly string[]): Statement {
    const { forwarded } = this;
    const set = new CfnIPSet(this, 'IPV4', {
      scope: 'REGIONAL',
      ipAddressVersion: 'IPV4',
      addresses: [...addresses],
    });
    return {
      ipSetReferenceStatement: {
        arn: set.attrArn,
        ...(forwarded && {
          ipSetForwardedIpConfig: { ...forwarded, fallbackBehavior: 'NO_MATCH', position: 'ANY' },
        }),
      },
    };
  }

  private refuse(name: string, code: Refusal, statement: Statement): Rule {
    return {
      name,
      statement,
      action: {
        block: {
          customResponse: {
            responseCode: problems[code].status,
            customResponseBodyKey: code,
            responseHeaders: Object.entries(refusalHeaders(code)).map(([header, value]) => ({
              name: header,
              value,
            })),
          },
        },
      },
      visibilityConfig: this.visibility(name),
    };
  }

  private managed(): Rule[] {
    const group = (name: string, counted: readonly string[] = []): Rule => ({
      name,
      statement: {
        managedRuleGroupStatement: {
          vendorName: 'AWS',
          name,
          ...(counted.length > 0 && {
            ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
          }),
        },
      },
      overrideAction: { none: {} },
      visibilityConfig: this.visibility(name),
    });
    return [
      // A body that is too large is 413, which the function says; here it would be 403.
      group('AWSManagedRulesCommonRuleSet', ['SizeRestrictions_BODY']),
      group('AWSManagedRulesKnownBadInputsRuleSet'),
    ];
  }

  private visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
    return { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName };
  }
}

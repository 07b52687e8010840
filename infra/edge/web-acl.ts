import { CfnIPSet, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { maxBodyBytes, type ProblemCode, problems } from '../../lambda/contract.ts';
import { accept } from '../accepted-findings.ts';
import type { Settings } from '../settings.ts';
import { edgeProblem, exposedHeaders, fixedHeaders } from './edge-problem.ts';

type Statement = CfnWebACL.StatementProperty;

interface WebAclProps {
  readonly settings: Settings;
  /** ARN of the API's stage. */
  readonly stageArn: string;
}

/** The firewall cannot fill in anything; API Gateway's own header of the answer carries the id. */
const requestId = 'see the x-amzn-requestid header';
const rateWindowSeconds = 300;
const retryAfterSeconds = 60;

const refusals = {
  payload_too_large: `The body must be at most ${maxBodyBytes} bytes.`,
  unsupported_media_type: 'Send the body as application/json.',
  too_many_requests: 'Too many requests from your address; please try again later.',
  origin_not_allowed: 'The API is not available from where you are.',
} as const satisfies Partial<Record<ProblemCode, string>>;
type Refusal = keyof typeof refusals;

const lowerCase = [{ priority: 0, type: 'LOWERCASE' }];
const asItIs = [{ priority: 0, type: 'NONE' }];

const tooLarge: Statement = {
  sizeConstraintStatement: {
    // What exceeds the part of the body that the firewall sees is too large as well.
    fieldToMatch: { body: { oversizeHandling: 'MATCH' } },
    comparisonOperator: 'GT',
    size: maxBodyBytes,
    textTransformations: asItIs,
  },
};

const isPost: Statement = {
  byteMatchStatement: {
    fieldToMatch: { method: {} },
    positionalConstraint: 'EXACTLY',
    searchString: 'POST',
    textTransformations: asItIs,
  },
};

const isJson: Statement = {
  regexMatchStatement: {
    fieldToMatch: { singleHeader: { Name: 'content-type' } },
    regexString: '^application/([a-z0-9_.+-]+\\+)?json\\s*(;|$)',
    textTransformations: lowerCase,
  },
};

/**
 * The firewall before the API: who may come at all, how often, and with what body; then AWS' own groups.
 * Nothing of a request is stored.
 */
export class WebAcl extends Construct {
  readonly acl: CfnWebACL;
  private readonly firstOrigin: string | undefined;

  constructor(scope: Construct, id: string, { settings, stageArn }: WebAclProps) {
    super(scope, id);
    this.firstOrigin = settings.allowedOrigins.find((origin) => origin !== '*');
    const rules = [
      ...this.allowList(settings),
      this.refuse('RatePerAddress', 'too_many_requests', {
        rateBasedStatement: {
          limit: settings.requestsPerAddress,
          evaluationWindowSec: rateWindowSeconds,
          aggregateKeyType: 'IP',
        },
      }),
      this.refuse('BodySize', 'payload_too_large', tooLarge),
      this.refuse('ContentType', 'unsupported_media_type', {
        andStatement: { statements: [isPost, { notStatement: { statement: isJson } }] },
      }),
      this.managed('AWSManagedRulesCommonRuleSet'),
      this.managed('AWSManagedRulesKnownBadInputsRuleSet'),
    ];
    this.acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: this.visibility('WebAcl'),
      customResponseBodies: Object.fromEntries(
        Object.entries(refusals).map(([code, detail]) => [code, this.body(code as Refusal, detail)]),
      ),
      rules: rules.map((rule, priority) => ({ ...rule, priority })),
    });
    accept(
      this.acl,
      ['NIST.800.53.R5-WAFv2LoggingEnabled', 'PCI.DSS.321-WAFv2LoggingEnabled'],
      'A firewall log holds the addresses and headers of visitors, which this service does not store. Its metrics by rule are alarmed on, and the console shows samples of the last three hours.',
    );
    new CfnWebACLAssociation(this, 'Association', { resourceArn: stageArn, webAclArn: this.acl.attrArn });
  }

  private allowList({
    allowedCountries,
    allowedAddressRanges,
  }: Settings): Omit<CfnWebACL.RuleProperty, 'priority'>[] {
    const countries = allowedCountries && {
      geoMatchStatement: { countryCodes: [...allowedCountries] },
    };
    return [
      ...(countries === undefined
        ? []
        : [this.refuse('Country', 'origin_not_allowed', { notStatement: { statement: countries } })]),
      ...(allowedAddressRanges === undefined
        ? []
        : [
            this.refuse('AddressRange', 'origin_not_allowed', {
              notStatement: { statement: this.inRanges(allowedAddressRanges) },
            }),
          ]),
    ];
  }

  private inRanges(ranges: readonly string[]): Statement {
    const statements = (['IPV4', 'IPV6'] as const).flatMap((ipAddressVersion): Statement[] => {
      const addresses = ranges.filter((range) => range.includes(':') === (ipAddressVersion === 'IPV6'));
      if (addresses.length === 0) return [];
      const set = new CfnIPSet(this, ipAddressVersion, { scope: 'REGIONAL', ipAddressVersion, addresses });
      return [{ ipSetReferenceStatement: { arn: set.attrArn } }];
    });
    const [only] = statements;
    return statements.length === 1 && only !== undefined ? only : { orStatement: { statements } };
  }

  private refuse(
    name: string,
    code: Refusal,
    statement: Statement,
  ): Omit<CfnWebACL.RuleProperty, 'priority'> {
    const headers = {
      ...fixedHeaders,
      ...(this.firstOrigin === undefined
        ? {}
        : {
            'Access-Control-Allow-Origin': this.firstOrigin,
            'Access-Control-Expose-Headers': exposedHeaders,
          }),
      ...(problems[code].retryable ? { 'Retry-After': String(retryAfterSeconds) } : {}),
    };
    return {
      name,
      statement,
      action: {
        block: {
          customResponse: {
            responseCode: problems[code].status,
            customResponseBodyKey: code,
            responseHeaders: Object.entries(headers).map(([header, value]) => ({ name: header, value })),
          },
        },
      },
      visibilityConfig: this.visibility(name),
    };
  }

  private managed(name: string): Omit<CfnWebACL.RuleProperty, 'priority'> {
    return {
      name,
      statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
      overrideAction: { none: {} },
      visibilityConfig: this.visibility(name),
    };
  }

  private body(code: Refusal, detail: string): CfnWebACL.CustomResponseBodyProperty {
    const { retryable } = problems[code];
    const problem = edgeProblem(code, detail, { requestId, ...(retryable ? { retryAfterSeconds } : {}) });
    return { contentType: 'APPLICATION_JSON', content: JSON.stringify(problem) };
  }

  private visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
    return { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName };
  }
}

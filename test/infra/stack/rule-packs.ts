import { describe, expect, it } from '@jest/globals';
import { type App, Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { rulePacks } from '../../../infra/guest-app.ts';
import type { Stacks } from '../template.ts';

interface Acceptance {
  readonly construct: IConstruct;
  readonly path: string;
  readonly rule: string;
  readonly reason: string;
}

/** Everything that is accepted in an app. */
const acceptances = (root: IConstruct): Acceptance[] =>
  root.node.findAll().flatMap((construct) =>
    construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries<string>(data))
      .map(([rule, reason]) => ({
        construct,
        path: construct.node.path,
        rule: rule.replace(/^annotation::/i, ''),
        reason,
      })),
  );

/** What the packs find where nobody accepted anything. */
const findings = (app: App) =>
  rulePacks(app)
    .flatMap((pack) => {
      // Private to the pack's type; the test below fails if it is no longer asked.
      Object.defineProperty(pack, 'isAcknowledged', { value: () => false });
      return pack.validateScope(app).violations;
    })
    .flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({ rule: ruleName, path: constructPath ?? '' })),
    );

export const findingsAreAccepted = ({ prod, full, dev }: Stacks): void => {
  describe('findings of the rule packs', () => {
    // Each synthesis of these tests ran all packs: a finding that is not accepted would have ended it.

    it('are accepted for a reason, on a resource and never on the whole stack', () => {
      for (const { construct, reason } of [prod, full, dev].flatMap(({ app }) => acceptances(app))) {
        expect(reason.length).toBeGreaterThan(40);
        expect(construct).not.toBeInstanceOf(Stack);
      }
    });

    it('are found by all four packs, and nothing is accepted that none of them finds', () => {
      const accepted = acceptances(prod.app);
      const found = findings(prod.app);
      expect(accepted.length).toBeGreaterThan(10);
      const stale = accepted.filter(
        ({ path, rule }) =>
          !found.some((finding) => rule.startsWith(finding.rule) && finding.path.startsWith(path)),
      );
      expect(stale.map(({ path, rule }) => `${path}: ${rule}`)).toEqual([]);
      expect(new Set(found.map(({ rule }) => rule.split('-')[0]))).toEqual(
        new Set(['AwsSolutions', 'Serverless', 'NIST.800.53.R5', 'PCI.DSS.321']),
      );
    });
  });
};

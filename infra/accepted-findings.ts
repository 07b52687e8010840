import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Accepts findings of the rule packs on one construct, with the reason that a reviewer reads. */
export const accept = (construct: IConstruct, rules: readonly string[], reason: string): void => {
  for (const id of rules) Validations.of(construct).acknowledge({ id, reason });
};

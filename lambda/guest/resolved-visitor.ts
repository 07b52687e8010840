import type { AttributeValue } from './crm-record.ts';

/** Names in the result of `resolve` that mapped attributes stand beside. No mapped attribute may take one of them. */
const resolveFields = [
  'found',
  'verified',
  'consentGiven',
  'consentType',
  'enrichment',
  'firstName',
  'email',
  'externalContactId',
  'integrationSource',
] as const;

export const isResolveField = (name: string): boolean => resolveFields.some((field) => field === name);

/** What the message flow is given: one flat object, since that is what a flow can read. */
export type ResolvedVisitor = Readonly<Record<string, AttributeValue>> & { readonly found: boolean };

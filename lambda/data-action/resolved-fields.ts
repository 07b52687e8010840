/** Names that stand in a result beside the mapped attributes; none of those may take one. */
export const resolvedFields = [
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

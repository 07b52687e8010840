/** Whether and how the CRM record took part. */
export const enrichments = ['matched', 'not_found', 'no_consent', 'degraded'] as const;
export type Enrichment = (typeof enrichments)[number];

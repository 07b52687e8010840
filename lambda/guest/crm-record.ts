import * as v from 'valibot';

/** A value of a CRM attribute; types are kept all the way to Genesys. */
export type AttributeValue = string | number | boolean;

const isoDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * What the CRM team writes about one session hash. Only `email` is required; what is absent is left out of
 * the guest, never invented. Messages name the rule, not the value: they reach logs and reports.
 */
export const crmRecordSchema = v.object({
  email: v.pipe(
    v.string('must be a string'),
    v.regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address'),
    v.maxLength(254, 'must be at most 254 characters'),
  ),
  firstName: v.optional(v.string('must be a string')),
  tier: v.optional(v.string('must be a string')),
  previousTickets: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.safeInteger('must be a whole number'),
      v.minValue(0, 'must not be negative'),
    ),
  ),
  attributes: v.optional(
    v.record(
      v.string(),
      v.union(
        [v.string(), v.pipe(v.number(), v.finite('must be a finite number')), v.boolean()],
        'must be a string, a number or true/false',
      ),
      'must be a map',
    ),
  ),
  crmId: v.optional(v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty'))),
  updatedAt: v.optional(
    v.pipe(
      v.string('must be a string'),
      v.check((text) => isoDate.test(text) && !Number.isNaN(Date.parse(text)), 'must be an ISO 8601 date'),
    ),
  ),
  expiresAt: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.safeInteger('must be whole seconds since 1970'),
      v.minValue(0, 'must not be negative'),
    ),
  ),
});
export type CrmRecord = v.InferOutput<typeof crmRecordSchema>;

/** Whether a record counts as absent: its TTL (epoch seconds) has passed, even if DynamoDB still holds it. */
export const isExpired = ({ expiresAt }: Pick<CrmRecord, 'expiresAt'>, nowMs: number): boolean =>
  expiresAt !== undefined && expiresAt * 1000 <= nowMs;

import * as v from 'valibot';
import type { UpstreamProblem } from './outcome.ts';

/** Text that Genesys sends may echo what it was sent: only what matches a strict pattern leaves this file. */
const text = v.optional(v.fallback(v.string(), ''), '');
/** Error bodies of the API and, with other names, of the token endpoint. */
const errorBody = v.fallback(
  v.object({
    code: text,
    message: text,
    cause: text,
    error: text,
    description: text,
    error_description: text,
  }),
  { code: '', message: '', cause: '', error: '', description: '', error_description: '' },
);

/** An id that becomes part of a path: nothing that percent-encoding, or a proxy that undoes it, could change. */
export const pathId = v.pipe(v.string(), v.regex(/^(?!\.{1,2}$)[\w.~-]{1,256}$/));

/** An error body, for decisions; whatever it is, it can be read. */
export const problemOf = (body: unknown): UpstreamProblem => {
  const { code, error, message, description, error_description, cause } = v.parse(errorBody, body ?? {});
  return {
    code: code || error,
    text: [description, error_description, message, cause].filter((part) => part !== '').join('\n'),
  };
};

const knownCodes = new Set([
  'authentication.required',
  'bad.credentials',
  'bad.request',
  'forbidden',
  'general.bad.request',
  'internal.server.error',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid.value',
  'missing.any.permissions',
  'missing.permissions',
  'not.authorized',
  'not.found',
  'too.many.requests.retry.after',
  'unauthorized_client',
  'unsupported_grant_type',
]);

/** An error code, if it is one of those that are published. */
export const knownCode = (code: string): string | undefined => (knownCodes.has(code) ? code : undefined);

/** The id by which Genesys' support finds a call: a UUID, else undefined. */
export const correlationId = (value: string | undefined): string | undefined =>
  value !== undefined && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined;

const maxPermissions = 10;

/** The scopes or permissions (`domain:entity:action`) that a text names, comma-separated; undefined if none. */
export const permissionsIn = ({ text }: UpstreamProblem): string | undefined => {
  const found = text.match(
    /(?<![\w@:.+/-])[a-z][a-zA-Z]{2,29}:[a-zA-Z][a-zA-Z-]{1,29}:[a-zA-Z][a-zA-Z-]{1,29}(?![\w@:+/-])/g,
  );
  return found === null ? undefined : [...new Set(found)].slice(0, maxPermissions).join(',');
};

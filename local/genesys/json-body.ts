import * as v from 'valibot';
import { refuse } from './answer.ts';

/**
 * A JSON body that fits its schema.
 * @throws Refusal 415 for another media type, 400 for anything that breaks the schema
 */
export const parseJsonBody = <S extends v.GenericSchema>(
  contentType: string,
  body: string,
  schema: S,
): v.InferOutput<S> => {
  if (!/^application\/json(?:;|$)/i.test(contentType)) {
    throw refuse(415, 'unsupported.media.type', 'The body must be application/json');
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw refuse(400, 'bad.request', 'The request could not be understood by the server: no JSON');
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const details = parsed.issues.map((issue) => ({
    errorCode: 'invalid.value',
    fieldName: v.getDotPath(issue) ?? '',
  }));
  const names = details.map(({ fieldName }) => fieldName).join(', ');
  throw refuse(400, 'invalid.value', `The request body is invalid: ${names || 'not an object'}`, { details });
};

import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import { initRequestSchema } from '../../lambda/contract.ts';

/**
 * The function's own pattern (no Unicode "Cc") in the dialect of API Gateway's validator, which knows neither
 * `\p{…}` nor the `u` flag: Cc is exactly these two ranges.
 */
export const noControlCharacters = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';

const gatewayDialect = {
  target: 'draft-07',
  // Well-formedness cannot be said in JSON schema: the function checks it.
  ignoreActions: ['check'],
  overrideAction: ({ valibotAction, jsonSchema }) =>
    valibotAction.type === 'regex' ? { ...jsonSchema, pattern: noControlCharacters } : jsonSchema,
} satisfies ConversionConfig;

/** The request body as JSON schema (draft 4), derived from the schema that the function checks with. */
export const requestModel = (): JsonSchema => {
  const { $schema: _draft7, ...schema } = toJsonSchema(initRequestSchema, gatewayDialect);
  return schema;
};

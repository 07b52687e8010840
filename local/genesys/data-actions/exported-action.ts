import { Ajv, type ValidateFunction } from 'ajv';
import * as v from 'valibot';

const texts = v.record(v.string(), v.string());
const jsonSchema = v.looseObject({ type: v.literal('object') });

/** The export format of a custom action; unknown fields of a newer export are passed over. */
const exportSchema = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  integrationType: v.picklist(['aws-lambda-data-actions', 'purecloud-data-actions']),
  actionType: v.literal('custom'),
  config: v.object({
    request: v.object({
      requestUrlTemplate: v.pipe(v.string(), v.minLength(1)),
      requestType: v.picklist(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
      headers: texts,
      requestTemplate: v.string(),
    }),
    response: v.object({
      translationMap: texts,
      translationMapDefaults: texts,
      successTemplate: v.string(),
    }),
  }),
  contract: v.object({
    input: v.object({ inputSchema: jsonSchema }),
    output: v.object({ successSchema: jsonSchema }),
  }),
  secure: v.boolean(),
});

export interface ExportedAction {
  readonly name: string;
  readonly integrationType: 'aws-lambda-data-actions' | 'purecloud-data-actions';
  readonly config: v.InferOutput<typeof exportSchema>['config'];
  readonly acceptsInput: ValidateFunction;
  readonly acceptsOutput: ValidateFunction;
}

/** Contracts are checked for what they say, whichever draft of JSON Schema they name. */
const compile = (ajv: Ajv, { $schema: _, ...schema }: Readonly<Record<string, unknown>>): ValidateFunction =>
  ajv.compile(schema);

/**
 * Reads the text of an exported data action, as an administrator imports it.
 * @throws ValiError for another format, SyntaxError for text that is not JSON, Error for a contract that is no schema
 */
export const readExportedAction = (text: string): ExportedAction => {
  const { name, integrationType, config, contract } = v.parse(exportSchema, JSON.parse(text));
  // Drafts differ in keywords that this one does not know.
  const ajv = new Ajv({ strict: false, allErrors: true });
  return {
    name,
    integrationType,
    config,
    acceptsInput: compile(ajv, contract.input.inputSchema),
    acceptsOutput: compile(ajv, contract.output.successSchema),
  };
};

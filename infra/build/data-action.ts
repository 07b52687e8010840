/** What a variable of a flow may hold. */
export const flowTypes = ['string', 'integer', 'number', 'boolean'] as const;
export type FlowType = (typeof flowTypes)[number];
export interface Schema {
  readonly type: FlowType;
  readonly description: string;
}

/**
 * A custom action as Genesys Cloud exports and imports it (Admin → Integrations → Actions).
 * Seen in Genesys' blueprints; docs/local.md says what was and was not tried.
 */
export interface DataAction {
  readonly name: string;
  readonly integrationType: 'aws-lambda-data-actions' | 'purecloud-data-actions';
  readonly actionType: 'custom';
  readonly config: {
    readonly request: {
      readonly requestUrlTemplate: string;
      readonly requestType: 'GET' | 'POST' | 'PUT';
      readonly headers: Readonly<Record<string, string>>;
      readonly requestTemplate: string;
    };
    readonly response: {
      readonly translationMap: Readonly<Record<string, string>>;
      readonly translationMapDefaults: Readonly<Record<string, string>>;
      readonly successTemplate: string;
    };
  };
  readonly contract: {
    readonly input: { readonly inputSchema: object };
    readonly output: { readonly successSchema: object };
  };
  readonly secure: false;
}

export const text = (description: string): Schema => ({ type: 'string', description });
export const flag = (description: string): Schema => ({ type: 'boolean', description });
/** A contract: an object with these properties. */
export const objectOf = (properties: Readonly<Record<string, Schema>>, required: readonly string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: true,
});

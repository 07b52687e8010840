import { jsonpath } from 'json-p3';
import type { ExportedAction } from './exported-action.ts';
import { renderRequest, renderResponse } from './velocity.ts';

/** What the integrations of the organisation can reach. */
export interface Integrations {
  /** Invokes a Lambda function by its ARN. @throws where it fails */
  invokeFunction(arn: string, event: unknown): Promise<unknown>;
  /** Calls Genesys' own API with the integration's OAuth client. */
  callApi(request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }): Promise<{ readonly status: number; readonly body: string }>;
}

/** The action has failed; `step` says where, as the test view of an action would. */
export class ActionFailure extends Error {
  override readonly name = 'ActionFailure';

  constructor(
    readonly action: string,
    readonly step: 'input' | 'request' | 'response' | 'output',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values of the translation map as JSON: one for a path to one place, else a list. */
const translate = (
  { translationMap, translationMapDefaults }: ExportedAction['config']['response'],
  raw: unknown,
): Record<string, string> => {
  const translated: Record<string, string> = {};
  for (const [name, path] of Object.entries(translationMap)) {
    const query = jsonpath.compile(path);
    const values = isObject(raw) || Array.isArray(raw) ? query.query(raw as never).values() : [];
    const value = query.singularQuery() ? values[0] : values;
    const found = values.length > 0 ? JSON.stringify(value) : translationMapDefaults[name];
    if (found !== undefined) translated[name] = found;
  }
  return translated;
};

const request = async (
  { config, integrationType }: ExportedAction,
  input: Readonly<Record<string, unknown>>,
  integrations: Integrations,
): Promise<string> => {
  const { requestUrlTemplate, requestType, headers, requestTemplate } = config.request;
  const target = renderRequest(requestUrlTemplate, input);
  const body = requestType === 'GET' ? '' : renderRequest(requestTemplate, input);
  if (integrationType === 'aws-lambda-data-actions') {
    return JSON.stringify(await integrations.invokeFunction(target, JSON.parse(body)));
  }
  const rendered = Object.entries(headers).map(([name, value]) => [name, renderRequest(value, input)]);
  const answer = await integrations.callApi({
    method: requestType,
    path: target,
    headers: Object.fromEntries(rendered),
    body,
  });
  if (answer.status >= 300) throw new Error(`The API has answered ${answer.status}.`);
  return answer.body;
};

/**
 * Executes an exported data action: input contract, request by its Velocity templates, translation map, success
 * template, output contract.
 * @throws ActionFailure, which a flow sees as its failure path
 */
export const runAction = async (
  action: ExportedAction,
  input: Readonly<Record<string, unknown>>,
  integrations: Integrations,
): Promise<Readonly<Record<string, unknown>>> => {
  const step = async <T>(name: ActionFailure['step'], work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      throw new ActionFailure(action.name, name, `${action.name}, ${name}: ${reason}`, { cause: error });
    }
  };
  const accept = (validate: ExportedAction['acceptsInput'], value: unknown): void => {
    if (validate(value)) return;
    const faults = validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`.trim());
    throw new Error(`the contract is broken: ${faults?.join('; ')}`);
  };
  await step('input', () => accept(action.acceptsInput, input));
  const raw = await step('request', () => request(action, input, integrations));
  const output = await step('response', (): unknown => {
    const translated = translate(action.config.response, raw === '' ? undefined : JSON.parse(raw));
    return JSON.parse(renderResponse(action.config.response.successTemplate, raw, translated));
  });
  await step('output', () => accept(action.acceptsOutput, output));
  return isObject(output) ? output : {};
};

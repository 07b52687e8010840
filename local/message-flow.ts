import * as v from 'valibot';
import { dataActionFiles } from '../infra/build/data-action-files.ts';
import { resolvedFields } from '../lambda/data-action/resolved-fields.ts';
import { demoAttributeTypes } from './demo-visitors.ts';
import { resolveArn } from './function-environment.ts';
import type { MessageFlow } from './genesys-simulator.ts';
import { invoke, type LambdaHandler } from './lambda-runtime.ts';

const mapSchema = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.string()));
const reserved: ReadonlySet<string> = new Set(resolvedFields);
const resolveTimeoutMs = 10_000;

/**
 * The message flow of the simulated organisation: the data actions that `npm run data-actions` would write for this
 * attribute map, and the function `resolve` behind them.
 * @param attributeMap of the functions; what is wrong with it they say themselves
 * @param resolve the function, once it runs
 */
export const messageFlow = (
  attributeMap: string,
  resolve: Promise<LambdaHandler>,
  onError: (error: unknown) => void,
): MessageFlow => {
  const parsed = v.safeParse(mapSchema, attributeMap);
  const entries = Object.entries(parsed.success ? parsed.output : {});
  const map = Object.fromEntries(entries.filter(([name]) => !reserved.has(name)));
  const types = Object.entries(demoAttributeTypes).filter(([name]) => Object.hasOwn(map, name));
  return {
    dataActions: dataActionFiles({
      functionArn: resolveArn,
      attributeMap: map,
      types: Object.fromEntries(types),
    }),
    invokeFunction: async (arn, event) => {
      if (arn !== resolveArn) throw new Error(`There is no function ${arn}.`);
      return await invoke(await resolve, event, { functionName: 'resolve', timeoutMs: resolveTimeoutMs });
    },
    onFailure: onError,
  };
};

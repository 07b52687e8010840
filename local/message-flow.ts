import * as v from 'valibot';
import { dataActionFiles } from '../infra/build/data-action-files.ts';
import { demoAttributeTypes } from './demo-visitors.ts';
import { resolveArn } from './function-environment.ts';
import type { MessageFlow } from './genesys-simulator.ts';
import { invoke, type LambdaHandler } from './lambda-runtime.ts';

const mapSchema = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.string()));
const resolveTimeoutMs = 10_000;

/**
 * The message flow of the simulated organisation: the data actions that `npm run data-actions` would write for this
 * attribute map, and the function `resolve` behind them.
 * @param attributeMap of the functions; what is wrong with it they say themselves
 * @param resolve the function, once it runs; nothing where it is not built: then nobody is known
 */
export const messageFlow = (
  attributeMap: string,
  resolve: Promise<LambdaHandler | undefined>,
  onError: (error: unknown) => void,
): MessageFlow => {
  const parsed = v.safeParse(mapSchema, attributeMap);
  const map = parsed.success ? parsed.output : {};
  const types = Object.entries(demoAttributeTypes).filter(([name]) => Object.hasOwn(map, name));
  return {
    dataActions: dataActionFiles({
      functionArn: resolveArn,
      attributeMap: map,
      types: Object.fromEntries(types),
    }),
    invokeFunction: async (arn, event) => {
      if (arn !== resolveArn) throw new Error(`There is no function ${arn}.`);
      const handler = await resolve;
      if (handler === undefined) return { found: false };
      return await invoke(handler, event, { functionName: 'resolve', timeoutMs: resolveTimeoutMs });
    },
    onFailure: onError,
  };
};

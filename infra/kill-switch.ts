import { initPath } from '../lambda/contract.ts';

interface Edge {
  readonly restApiId: string;
  readonly stage: string;
}

/** JSON pointer of the route in patches of a stage: its own slashes are `~1`. */
const route = `/${initPath.replaceAll('/', '~1')}/POST`;

const updateStage = ({ restApiId, stage }: Edge, operations: readonly string[]): string =>
  `aws apigateway update-stage --rest-api-id ${restApiId} --stage-name ${stage} --patch-operations ${operations.join(' ')}`;

const updateSource = (id: string, flag: 'enabled' | 'no-enabled'): string =>
  `aws lambda update-event-source-mapping --uuid ${id} --${flag}`;

/**
 * Closes past CloudFormation, which refuses to update a stack while a canary runs: every POST is 429 at the edge,
 * the worker stands still. It adds settings for this one method, which the template never has.
 * @see https://docs.aws.amazon.com/cli/latest/reference/apigateway/update-stage.html
 */
export const closeNow = (edge: Edge, sourceId: string): string =>
  [
    updateStage(edge, [
      `op=replace,path=${route}/throttling/rateLimit,value=0`,
      `op=replace,path=${route}/throttling/burstLimit,value=0`,
      // Settings of one method replace those of all: without these two, its metrics and errors would be gone.
      `op=replace,path=${route}/metrics/enabled,value=true`,
      `op=replace,path=${route}/logging/loglevel,value=ERROR`,
    ]),
    updateSource(sourceId, 'no-enabled'),
  ].join(' && ');

/** Takes the method's own settings away again: what the template says holds as before. */
export const openNow = (edge: Edge, sourceId: string): string =>
  [updateStage(edge, [`op=remove,path=${route}`]), updateSource(sourceId, 'enabled')].join(' && ');

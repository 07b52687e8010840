import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { clientOptions, type Stack } from '../stack-outputs.ts';
import { explainCredentials } from './account-checks.ts';
import { CheckFailed, CheckSkipped } from './check.ts';

/** What a message flow would send, with a reference that opens nothing. */
const strangersEvent = JSON.stringify({ guestReference: 'preflight', conversationId: 'preflight' });

/**
 * Asks `resolve` about a stranger, as the message flow does: it must respond, and know nobody.
 * @throws CheckSkipped where the stack has no such function, CheckFailed
 */
export const checkResolve = async ({ aws, isLocal, resolveFunctionArn }: Stack): Promise<string> => {
  if (resolveFunctionArn === undefined) {
    throw new CheckSkipped(
      isLocal
        ? 'Not tried: the local message flow asks it itself.'
        : 'Not tried: the setting agentView is not made; with web-messaging, agents do not see who a visitor is.',
    );
  }
  const client = new LambdaClient(clientOptions(aws));
  try {
    const command = new InvokeCommand({ FunctionName: resolveFunctionArn, Payload: strangersEvent });
    const { FunctionError, Payload } = await client.send(command);
    if (FunctionError !== undefined) {
      throw new CheckFailed('resolve ends with an error: its log (output ResolveLogGroup) says why.');
    }
    const result: unknown = JSON.parse(Payload?.transformToString() ?? 'null');
    if (JSON.stringify(result) !== '{"found":false}') {
      throw new CheckFailed('resolve responds with something else than {"found":false} about a stranger.');
    }
    return 'responds, and knows no stranger';
  } catch (error) {
    if (error instanceof CheckFailed) throw error;
    return explainCredentials(error);
  } finally {
    client.destroy();
  }
};

import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';

export type LambdaHandler = (event: unknown, context: Context) => unknown;

export interface FunctionOptions {
  readonly functionName: string;
  readonly timeoutMs: number;
}

/** The function did not answer within its time limit. */
export class FunctionTimeoutError extends Error {
  override readonly name = 'FunctionTimeoutError';
}

const obsolete = (): never => {
  throw new Error('Callbacks are not supported by this runtime; return a promise.');
};

/** The context of one invocation, as the Node.js runtime makes it. */
export const createContext = ({ functionName, timeoutMs }: FunctionOptions): Context => {
  const endsAtMs = performance.now() + timeoutMs;
  const arn = `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: '512',
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, Math.round(endsAtMs - performance.now())),
    done: obsolete,
    fail: obsolete,
    succeed: obsolete,
  };
};

/**
 * Invokes a handler once.
 * @throws FunctionTimeoutError at the function's time limit; whatever the handler throws
 */
export const invoke = async (
  handler: LambdaHandler,
  event: unknown,
  options: FunctionOptions,
): Promise<unknown> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new FunctionTimeoutError(`${options.functionName} timed out after ${options.timeoutMs} ms`)),
      options.timeoutMs,
    );
  });
  try {
    return await Promise.race([handler(event, createContext(options)), timeout]);
  } finally {
    clearTimeout(timer);
  }
};

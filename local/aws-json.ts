import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallListener, ServiceCall } from './call-listener.ts';
import { readBody } from './http-server.ts';
import { toolsOnly } from './tools-only.ts';

/** An error answer of an AWS service. */
export class AwsError extends Error {
  override readonly name = 'AwsError';

  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** How an embedded AWS service misbehaves. */
export interface AwsFault {
  readonly latencyMs?: number;
  /** `hang`: never answers; `reset`: breaks the connection; a number: answers this HTTP status. */
  readonly failure?: 'hang' | 'reset' | number;
}

export type AwsOperations = Readonly<
  Record<string, (input: Readonly<Record<string, unknown>>, signal: AbortSignal) => unknown>
>;

const send = (
  response: ServerResponse,
  version: '1.0' | '1.1',
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, {
    'content-type': `application/x-amz-json-${version}`,
    'x-amzn-requestid': randomUUID(),
    ...headers,
  });
  response.end(JSON.stringify(body));
};

const parseInput = (body: Buffer): Record<string, unknown> => {
  try {
    const input: unknown = JSON.parse(body.toString('utf8') || '{}');
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input };
  } catch {
    // The error below is all a client gets to know.
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object.');
};

/**
 * Request listener for an AWS service of the JSON protocols: operation in `X-Amz-Target`, JSON in and out. Pages are refused.
 * @see https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
export const awsJsonService = ({
  service,
  version,
  operations,
  fault,
  onCall,
}: {
  readonly service: ServiceCall['service'];
  readonly version: '1.0' | '1.1';
  readonly operations: AwsOperations;
  /** Asked once for each request. */
  readonly fault: (operation: string) => AwsFault;
  readonly onCall?: CallListener | undefined;
}): RequestListener => {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const left = new AbortController();
    response.once('close', () => left.abort());
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^.*\./, '');
    const startedAt = performance.now();
    const body = await readBody(request);
    const { latencyMs = 0, failure } = fault(operation);
    if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: left.signal });
    if (failure === 'hang') return;
    if (failure === 'reset') {
      request.socket.destroy();
      return;
    }
    response.once('finish', () =>
      onCall?.({ service, operation, durationMs: performance.now() - startedAt }),
    );
    try {
      if (failure !== undefined) throw new AwsError('InternalServiceError', 'Told to fail.', failure);
      const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
      if (run === undefined) {
        throw new AwsError('UnknownOperationException', `Operation ${operation} is not embedded.`);
      }
      send(response, version, 200, (await run(parseInput(body), left.signal)) ?? {});
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      send(
        response,
        version,
        error.status,
        { __type: error.code, message: error.message },
        // Clients of the newer JSON protocol still expect the error names of the older query protocol.
        { 'x-amzn-query-error': `${error.code};${error.status < 500 ? 'Sender' : 'Receiver'}` },
      );
    }
  };
  return toolsOnly((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.destroyed || response.headersSent) return;
      const message = error instanceof Error ? error.message : 'Unknown failure.';
      send(response, version, 500, { __type: 'InternalFailure', message });
    });
  });
};

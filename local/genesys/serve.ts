import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { CallListener } from '../call-listener.ts';
import { readBody } from '../http-server.ts';
import { toolsOnly } from '../tools-only.ts';
import { type Answer, errorBody } from './answer.ts';
import type { CallLog, RecordedCall } from './call-log.ts';
import { answerControl } from './control.ts';
import { matchEndpoint } from './endpoints.ts';
import type { Faults } from './faults.ts';
import type { Organisation } from './organisation.ts';
import { type Ending, spoil } from './spoil.ts';

const send = (response: ServerResponse, { status, body, headers }: Answer): void => {
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    'inin-correlation-id': randomUUID(),
    ...headers,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
};

const finish = (request: IncomingMessage, response: ServerResponse, ending: Ending): void => {
  switch (ending.kind) {
    case 'answer':
      send(response, ending.answer);
      return;
    case 'raw':
      response.writeHead(ending.status, { 'content-type': 'application/json' });
      response.end(ending.text);
      return;
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'hang':
      return;
  }
};

/** Request listener of the simulator: records each call, lets faults happen, and answers as the organisation does. */
export const serveGenesys = ({
  organisation,
  faults,
  log,
  now,
  onCall,
}: {
  readonly organisation: Organisation;
  readonly faults: Faults;
  readonly log: CallLog;
  readonly now: () => number;
  readonly onCall?: CallListener | undefined;
}): RequestListener => {
  /** @returns a signal that aborts when the call is over or the client has gone */
  const record = (call: RecordedCall, response: ServerResponse): AbortSignal => {
    const startedAt = performance.now();
    const over = new AbortController();
    log.add(call);
    response.once('close', () => {
      over.abort();
      call.status ??= 0;
      call.durationMs = performance.now() - startedAt;
      onCall?.({
        service: 'genesys',
        operation: call.endpoint ?? call.path,
        durationMs: call.durationMs,
      });
    });
    return over.signal;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', headers } = request;
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith('/_control/')) {
      const body = (await readBody(request)).toString('utf8');
      send(response, answerControl(method, pathname, body, { faults, log, organisation }));
      return;
    }
    const match = matchEndpoint(method, pathname);
    const call: RecordedCall = {
      method,
      path: pathname,
      endpoint: match?.endpoint,
      at: now(),
      status: undefined,
      durationMs: undefined,
      headers,
      body: '',
    };
    const left = record(call, response);
    const fault = match === undefined ? undefined : faults.take(match.endpoint);
    if (fault?.kind === 'reset-early') {
      finish(request, response, { kind: 'reset' });
      return;
    }
    const body = (await readBody(request)).toString('utf8');
    call.body = body;
    const work = (): Answer =>
      match === undefined
        ? { status: 404, body: errorBody(404, 'not.found', 'No such endpoint') }
        : organisation.answer({
            ...match,
            contentType: headers['content-type'] ?? '',
            authorization: headers.authorization,
            query,
            body,
          });
    const ending =
      match === undefined
        ? ({ kind: 'answer', answer: work() } as const)
        : await spoil(fault, match.endpoint, work, now, left);
    if (ending.kind === 'answer') call.status = ending.answer.status;
    if (ending.kind === 'raw') call.status = ending.status;
    finish(request, response, ending);
  };

  return toolsOnly((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // A client that left while it was waiting; anything else is a defect of the simulator.
      if (response.destroyed) return;
      const message = error instanceof Error ? error.message : 'unknown';
      send(response, { status: 500, body: errorBody(500, 'simulator.defect', message) });
    });
  });
};

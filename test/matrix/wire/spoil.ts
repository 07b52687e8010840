import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Treatment, WireCall } from './treatment.ts';

/** The true answer of a service. */
export interface Original {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Far above what any answer of these services needs, and above what is read of Genesys. */
const oversizedBytes = 4 * 1024 * 1024;
/** The shortest answers have two bytes: they take longer than any wait for AWS. */
const dripMs = 4000;

/** Sends a body a byte at a time, for as long as somebody listens. */
const drip = (outgoing: ServerResponse, body: Buffer): void => {
  let sent = 0;
  const timer = setInterval(() => {
    outgoing.write(body.subarray(sent, sent + 1));
    sent += 1;
    if (sent < body.length) return;
    clearInterval(timer);
    outgoing.end();
  }, dripMs);
  outgoing.on('close', () => clearInterval(timer));
};

const withLength = (headers: IncomingHttpHeaders, body: Buffer): IncomingHttpHeaders => {
  const { 'transfer-encoding': _, ...rest } = headers;
  return { ...rest, 'content-length': String(body.length) };
};

/**
 * Lets a treatment happen to a call.
 * @returns false where the call is not affected and still to be passed on
 */
export const spoil = async (
  treatment: Treatment,
  call: WireCall,
  fetchOriginal: () => Promise<Original>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<boolean> => {
  if (treatment.kind === 'reset-before') {
    incoming.socket.resetAndDestroy();
    return true;
  }
  if (treatment.kind === 'hang') return true;
  if (treatment.kind === 'answer') {
    const answer = treatment.answer(call);
    if (answer === undefined) return false;
    outgoing.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    outgoing.end(JSON.stringify(answer.body));
    return true;
  }
  const { status, headers, body } = await fetchOriginal();
  const send = (spoilt: Buffer, more: IncomingHttpHeaders = {}): void => {
    outgoing.writeHead(status, { ...withLength(headers, spoilt), ...more });
    outgoing.end(spoilt);
  };
  switch (treatment.kind) {
    case 'reset-after':
      incoming.socket.resetAndDestroy();
      break;
    case 'slow-drip':
      outgoing.writeHead(status, withLength(headers, body));
      drip(outgoing, body);
      break;
    case 'garbage':
      send(Buffer.from('<<< this is no JSON >>>'));
      break;
    case 'truncated':
      outgoing.writeHead(status, withLength(headers, body));
      outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => incoming.socket.end());
      break;
    case 'oversized':
      send(Buffer.concat([body, Buffer.alloc(oversizedBytes, ' ')]));
      break;
    case 'wrong-content-type':
      send(body, { 'content-type': 'text/html; charset=utf-8' });
      break;
    case 'change':
      send(Buffer.from(treatment.change(call, body.toString())));
      break;
  }
  return true;
};

import { type Transport, TransportError, type TransportRequest } from '../../lambda/genesys/transport.ts';
import type { Clock } from '../../lambda/guest/ports.ts';

/** What a scripted Genesys does with one request. */
export type Reply =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | 'refused'
  | 'reset'
  | 'hang';

export type Place = 'oauth' | 'guest' | 'token' | 'contact';

interface SentRequest extends TransportRequest {
  readonly place: Place;
  readonly atMs: number;
}

const placeOf = (url: string): Place => {
  const { pathname } = new URL(url);
  if (pathname === '/oauth/token') return 'oauth';
  if (pathname === '/api/v2/webchat/v1/guests') return 'guest';
  if (/^\/api\/v2\/webchat\/v1\/guests\/[^/]+\/tokens$/.test(pathname)) return 'token';
  if (pathname.startsWith('/api/v2/externalcontacts/contacts/')) return 'contact';
  throw new Error(`an unknown path was called: ${pathname}`);
};

/** A Genesys that answers by script, each endpoint with its own, and well once that is at its end. */
export const createScriptedTransport = (clock: Clock) => {
  const sent: SentRequest[] = [];
  const scripts: Record<Place, Reply[]> = { oauth: [], guest: [], token: [], contact: [] };
  const lifetime = { seconds: 3600 };
  const latency = { ms: 0 };
  let answers = 0;

  const good = (place: Place): Reply => {
    answers += 1;
    switch (place) {
      case 'oauth':
        return {
          status: 200,
          body: {
            access_token: `oauth-token-${answers}`,
            token_type: 'bearer',
            expires_in: lifetime.seconds,
            scope: 'webchat:guest:write webchat:token:write',
          },
        };
      case 'guest':
        return { status: 201, body: { id: `guest-${answers}` } };
      case 'token':
        return {
          status: 200,
          body: { token: `guest-token-${answers}`, expires_at: '2026-05-15T11:23:45.123Z' },
        };
      case 'contact':
        return { status: 201, body: { id: `contact-${answers}` } };
    }
  };

  const transport: Transport = async (request, signal) => {
    const place = placeOf(request.url);
    sent.push({ ...request, place, atMs: clock.now() });
    const reply = scripts[place].shift() ?? good(place);
    if (latency.ms > 0) await clock.sleep(latency.ms, signal);
    if (reply === 'refused') throw new TransportError('unsent', 'ECONNREFUSED');
    if (reply === 'reset') throw new TransportError('lost', 'ECONNRESET');
    if (reply === 'hang') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      throw new TransportError('lost', 'ERR_CANCELED');
    }
    // Everything that is asked at one moment is asked before the first answer.
    await new Promise((resolve) => setImmediate(resolve));
    return { status: reply.status, headers: reply.headers ?? {}, body: reply.body };
  };

  return {
    transport,
    sent,
    /** Of the OAuth tokens. */
    lifetime,
    latency,
    /** The next replies of an endpoint. */
    script: (place: Place, ...replies: Reply[]) => {
      scripts[place].push(...replies);
    },
    calls: (place: Place) => sent.filter((request) => request.place === place),
  };
};

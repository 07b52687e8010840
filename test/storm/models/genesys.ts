import type { TransportRequest, TransportResponse } from '../../../lambda/genesys/transport.ts';
import { type ContactChange, createContacts } from './contacts.ts';

export type Endpoint = 'oauth' | 'guest' | 'guest_token' | 'contact';

/** A guest that exists at Genesys. */
export interface Guest {
  readonly id: string;
  readonly createdAtMs: number;
  readonly by: string;
  readonly body: GuestBody;
  forgotten: boolean;
}

export interface GuestBody {
  readonly name: string;
  readonly email: string;
  readonly consentGiven: boolean;
  readonly consentType: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface GenesysOptions {
  readonly onContact: (change: ContactChange) => void;
  readonly callsPerMinute: number;
  readonly oauthCallsPerMinute: number;
  readonly tokenSeconds: number;
}

/** A Retry-After as Genesys, or something before it, writes it. */
export type RetryAfter = string | undefined;

export const endpointOf = (url: string): Endpoint => {
  const { pathname } = new URL(url);
  if (pathname === '/oauth/token') return 'oauth';
  if (pathname.startsWith('/api/v2/externalcontacts/')) return 'contact';
  return pathname.endsWith('/tokens') ? 'guest_token' : 'guest';
};

/** Genesys Cloud by the tutorial's contract: limits per minute, tokens that may die early, guests that may be gone. */
export const createGenesys = (
  now: () => number,
  { callsPerMinute, oauthCallsPerMinute, tokenSeconds, onContact }: GenesysOptions,
) => {
  const accessTokens = new Map<string, number>();
  const guests = new Map<string, Guest>();
  const guestOfToken = new Map<string, string>();
  const contacts = createContacts(onContact);
  let secrets: readonly string[] = [];
  let unlimited = false;
  const windows = { api: { startMs: 0, used: 0 }, oauth: { startMs: 0, used: 0 } };

  /** @returns seconds until the window ends, where this call is one too many */
  const exceeds = (kind: 'api' | 'oauth', allowed: number): number | undefined => {
    const startMs = Math.floor(now() / 60_000) * 60_000;
    const window = windows[kind];
    if (window.startMs !== startMs) Object.assign(window, { startMs, used: 0 });
    window.used += 1;
    return window.used > allowed && !unlimited ? Math.ceil((startMs + 60_000 - now()) / 1000) : undefined;
  };

  const json = (
    status: number,
    body: unknown,
    headers: TransportResponse['headers'] = {},
  ): TransportResponse => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.parse(JSON.stringify(body)),
  });

  const limited = (endpoint: Endpoint, retryAfter: RetryAfter): TransportResponse => {
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    return endpoint === 'oauth'
      ? json(400, { error: 'invalid_request', description: 'rate limit exceeded; try later' }, headers)
      : json(429, { code: 'too.many.requests.retry.after', message: 'Rate limit exceeded' }, headers);
  };

  const grant = ({ headers, body }: TransportRequest): TransportResponse => {
    const wait = exceeds('oauth', oauthCallsPerMinute);
    if (wait !== undefined) return limited('oauth', undefined);
    const basic = /^Basic (.+)$/.exec(headers['Authorization'] ?? '')?.[1];
    const secret =
      basic === undefined
        ? new URLSearchParams(body).get('client_secret')
        : Buffer.from(basic, 'base64').toString().split(':')[1];
    if (secret == null || !secrets.includes(secret)) return json(401, { error: 'invalid_client' });
    const token = `tok-oauth-${accessTokens.size + 1}`;
    accessTokens.set(token, now() + tokenSeconds * 1000);
    return json(200, { access_token: token, token_type: 'bearer', expires_in: tokenSeconds });
  };

  const serve = (endpoint: Endpoint, request: TransportRequest, by: string): TransportResponse => {
    const wait = exceeds('api', callsPerMinute);
    const rate = {
      'inin-ratelimit-allowed': `${callsPerMinute}`,
      'inin-ratelimit-count': `${Math.min(windows.api.used, callsPerMinute)}`,
      'inin-ratelimit-reset': `${Math.ceil((windows.api.startMs + 60_000 - now()) / 1000)}`,
    };
    if (wait !== undefined)
      return { ...limited(endpoint, `${wait}`), headers: { ...rate, 'retry-after': `${wait}` } };
    const token = /^Bearer (.+)$/.exec(request.headers['Authorization'] ?? '')?.[1];
    if (token === undefined || !((accessTokens.get(token) ?? 0) > now())) {
      return json(401, { code: 'bad.credentials', message: 'Invalid login credentials.' }, rate);
    }
    if (endpoint === 'contact') {
      const [status, body] = contacts.serve(request);
      return json(status, body, rate);
    }
    if (endpoint === 'guest') {
      const id = `guest-${guests.size + 1}`;
      const body = JSON.parse(request.body) as GuestBody;
      guests.set(id, { id, createdAtMs: now(), by, body, forgotten: false });
      return json(201, { id }, rate);
    }
    const id = decodeURIComponent(new URL(request.url).pathname.split('/').at(-2) ?? '');
    const guest = guests.get(id);
    if (guest === undefined || guest.forgotten) return json(404, { code: 'not.found' }, rate);
    const guestToken = `tok-guest-${guestOfToken.size + 1}`;
    guestOfToken.set(guestToken, id);
    return json(
      200,
      { token: guestToken, expires_at: new Date(now() + 9_000_000).toISOString().replace('Z', '+02:00') },
      rate,
    );
  };

  return {
    guests,
    guestOfToken,
    contacts,
    limited,
    json,
    /** One call, at the moment at which it takes effect. */
    call: (request: TransportRequest, by: string): TransportResponse => {
      const endpoint = endpointOf(request.url);
      return endpoint === 'oauth' ? grant(request) : serve(endpoint, request, by);
    },
    accept: (clientSecrets: readonly string[]) => {
      secrets = clientSecrets;
    },
    /** Every access token dies, as after a change of roles. */
    revokeTokens: () => accessTokens.clear(),
    forgetGuests: () => {
      for (const guest of guests.values()) guest.forgotten = true;
    },
    /** The organisation is quiet enough from now on. */
    liftLimits: () => {
      unlimited = true;
    },
  };
};
export type Genesys = ReturnType<typeof createGenesys>;

import { type Transport, TransportError, type TransportResponse } from '../../lambda/genesys/transport.ts';
import type { Clock } from '../../lambda/guest/ports.ts';
import { createRateLimit } from '../../local/genesys/rate-limit.ts';
import { assumptions } from './assumptions.ts';
import type { Chance } from './chance.ts';

export interface GenesysLimits {
  readonly callsPerMinute: number;
  readonly oauthCallsPerMinute: number;
  /** The token endpoint answers 503 for so long from the start. */
  readonly oauthFailsForMs?: number;
}

/** Genesys Cloud as far as its limits go: what it was asked, what it refused, which guests it holds. */
export const createGenesysModel = (clock: Clock, chance: Chance, limits: GenesysLimits) => {
  const { callMs, oauthMs, tokenSeconds } = assumptions.genesys;
  const api = createRateLimit();
  const oauth = createRateLimit();
  const oauthWorksFromMs = clock.now() + (limits.oauthFailsForMs ?? 0);
  const granted = new Set<string>();
  const guestsOf = new Map<string, number>();
  const counts = { oauth: 0, calls: 0, limited: 0, guests: 0 };

  const grant = (): TransportResponse => {
    counts.oauth += 1;
    if (clock.now() < oauthWorksFromMs) return { status: 503, headers: {}, body: {} };
    if (oauth.take(limits.oauthCallsPerMinute, clock.now()).exceeded) {
      const description = 'rate limit exceeded; too many token requests';
      return { status: 400, headers: {}, body: { error: 'invalid_request', description } };
    }
    const token = `token-${counts.oauth}`;
    granted.add(token);
    const body = { access_token: token, token_type: 'bearer', expires_in: tokenSeconds };
    return { status: 200, headers: {}, body };
  };

  const createGuest = (body: string): unknown => {
    const { email } = JSON.parse(body) as { email: string };
    counts.guests += 1;
    guestsOf.set(email, (guestsOf.get(email) ?? 0) + 1);
    return { id: `guest-${counts.guests}` };
  };

  const serve = (url: string, authorization: string | undefined, body: string): TransportResponse => {
    counts.calls += 1;
    const { exceeded, resetSeconds, headers } = api.take(limits.callsPerMinute, clock.now());
    if (exceeded) {
      counts.limited += 1;
      const code = 'too.many.requests.retry.after';
      return { status: 429, headers: { ...headers, 'retry-after': `${resetSeconds}` }, body: { code } };
    }
    if (!granted.has(authorization?.replace('Bearer ', '') ?? '')) {
      return { status: 401, headers, body: { code: 'bad.credentials' } };
    }
    if (url.endsWith('/guests')) return { status: 201, headers, body: createGuest(body) };
    const expires_at = new Date(clock.now() + 1_800_000).toISOString();
    return { status: 200, headers, body: { token: 'guest-token', expires_at } };
  };

  /** Half of a call's time passes on the way there, half on the way back: a caller may be gone by then. */
  const travel = async (ms: number, signal: AbortSignal): Promise<void> => {
    await clock.sleep(ms);
    if (signal.aborted) throw new TransportError('lost', 'ECONNABORTED');
  };

  const transport: Transport = async ({ url, headers, body }, signal) => {
    const isOAuth = url.endsWith('/oauth/token');
    const halfMs = chance.aroundMs(isOAuth ? oauthMs : callMs) / 2;
    await travel(halfMs, signal);
    const answer = isOAuth ? grant() : serve(url, headers['Authorization'], body);
    await travel(halfMs, signal);
    return answer;
  };

  return {
    transport,
    counts,
    /** Guests beyond the first of each session. */
    duplicates: () => counts.guests - guestsOf.size,
  };
};

import { GuestError } from './guest-error.ts';
import type { Guest, GuestErrorCode } from './guest-profiles.d.ts';
import { within } from './within.ts';

/** What a response may hold: a guest, a queued registration, a problem, or anything where it is not our API's. */
type Fields = Partial<
  Guest & Pick<GuestError, 'code' | 'retryable' | 'requestId' | 'retryAfterSeconds'> & { detail: string }
> & { readonly errors?: GuestError['errors'] };

const codeOf = (status: number): GuestErrorCode => {
  if (status === 202) return 'queued';
  // Whatever stands before the API (a proxy, a firewall) sends no problem body.
  if (status === 429) return 'too_many_requests';
  return status >= 500 ? 'unreachable' : 'wrong_endpoint';
};

/** `Retry-After` is a number of seconds or an HTTP date. */
const secondsUntil = (header: string): number | undefined =>
  Number(header) || (Date.parse(header) - Date.now()) / 1000 || undefined;

const guestIn = (status: number, headers: Headers, text: string): Guest => {
  let fields: Fields = {};
  try {
    fields = JSON.parse(text) || fields;
  } catch {
    // Not our API's; its status says what it is.
  }
  if (status === 200 && fields.accessToken) return fields as Guest;
  throw new GuestError(
    fields.code || codeOf(status),
    {
      status,
      retryable: fields.retryable ?? [202, 429, 503, 504].includes(status),
      requestId: fields.requestId,
      retryAfterSeconds: fields.retryAfterSeconds ?? secondsUntil(headers.get('retry-after') ?? ''),
      errors: [fields.errors ?? []].flat(),
    },
    fields.detail,
  );
};

/**
 * One request.
 * @throws GuestError; the signal's reason when it was aborted
 */
export const requestGuest = async (
  endpoint: string,
  send: typeof fetch,
  timeoutMs: number,
  signal: AbortSignal,
  body: string,
  signature: string | undefined,
): Promise<Guest> => {
  const ending = within(signal, timeoutMs);
  const call = (more: RequestInit): Promise<Response> =>
    send(endpoint, { credentials: 'omit', cache: 'no-store', signal: ending, ...more });
  let response: Response;
  let text: string;
  try {
    response = await call({
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(signature && { 'X-Session-Signature': signature }) },
      body,
    });
    text = await response.text();
  } catch (cause) {
    signal.throwIfAborted();
    // A response that the page may not read still says that a server is there.
    const seen = (): Promise<GuestErrorCode> =>
      call({ method: 'HEAD', mode: 'no-cors' }).then(
        ({ type }) => (type === 'opaque' ? 'origin_refused' : 'unreachable'),
        () => 'unreachable',
      );
    const code = ending.aborted ? 'timeout' : navigator.onLine ? await seen() : 'offline';
    throw new GuestError(code, { retryable: true, cause });
  }
  return guestIn(response.status, response.headers, text);
};

import { GuestError } from './guest-error.ts';
import type { Guest, GuestClient, GuestClientOptions, GuestState, InitOptions } from './guest-profiles.d.ts';
import { repeat } from './repeat.ts';
import { requestGuest } from './request-guest.ts';
import { openSession, randomId, type SessionRecord } from './session-record.ts';
import { alone, openChannel } from './tabs.ts';

/** Makes a client. Nothing is sent, stored or listened to before its first call. */
export const createGuestClient = ({
  endpoint,
  storage = 'local',
  sessionId,
  requireConsent,
  keepFresh,
  timeoutMs = 10_000,
  maxWaitMs = 120_000,
  signSession,
  fetch: send = fetch,
}: GuestClientOptions): GuestClient => {
  const name = `guest-profiles:${endpoint}`;
  const listeners = new Set<(state: GuestState) => void>();
  const session = openSession(name, storage);
  let state: GuestState = { name: 'idle' };
  /** `null` where the browser has none. */
  let channel: BroadcastChannel | null | undefined;
  /** The consent in force, as it is sent; guest and request belong to it. */
  let said: string | undefined;
  let held: Guest | undefined;
  let renewAt = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  /** The request under way: how a caller joins it, what ends it. */
  let join: ((signal?: AbortSignal) => Promise<Guest>) | undefined;
  let ending: AbortController | undefined;

  const tell = (next: GuestState): void => {
    state = next;
    for (const listener of listeners) listener(state);
  };
  const settle = (): void => tell(held ? { name: 'ready', guest: held } : { name: 'idle' });

  const forget = (consent?: string): void => {
    said = consent;
    held = join = undefined;
    ending?.abort(new GuestError('superseded'));
    settle();
  };

  /** With the session, unless that merely changes. */
  const forgetEverywhere = (changes?: SessionRecord): void => {
    listen();
    channel?.postMessage([changes]);
    session.write(changes);
    forget();
  };

  const listen = (): void => {
    if (channel !== undefined) return;
    channel = openChannel(name, ([first, body, guest]) => {
      if (guest) {
        if (first === session.read().id && body === said) hold(guest);
      } else {
        // What tabs share, the one that was asked has changed; it may have begun another session since.
        if (!session.isShared()) session.write(first as SessionRecord | undefined);
        forget();
      }
    });
  };

  /** A hidden page renews nothing, that costs quota; it does when it is seen again. */
  const keep = (): void => {
    const old = held;
    if (!old || join || document.hidden || Date.now() < renewAt) return;
    init({ renew: true }).catch(() => {
      if (held !== old) return;
      renewAt = Date.now() + 30_000;
      if (Date.now() < Date.parse(old.expiresAt)) settle();
      else held = undefined;
    });
  };

  const hold = (guest: Guest): void => {
    held = guest;
    // A minute before the end, sooner for short tokens; never at once, so that a wrong clock does not ask without pause.
    const left = Date.parse(guest.expiresAt) - Date.now() || 0;
    renewAt = Date.now() + Math.max(left - Math.min(60_000, left / 5), 30_000);
    if (join || state.name === 'ready') settle();
    // Short steps by the clock: one long timer would stand still while a laptop sleeps.
    if (keepFresh) timer ??= setInterval(keep, 5000);
  };

  const ask = async (signal: AbortSignal): Promise<Guest> => {
    const body = said as string;
    const found = session.read();
    const id = sessionId ?? found.id ?? randomId();
    // Of another session, only the refusal holds.
    const known = found.id === id && found.known;
    session.write({ id, known });
    const attempt = async (): Promise<Guest> => {
      let signature: string | undefined;
      try {
        signature = await signSession?.(id, signal);
      } catch (cause) {
        throw new GuestError('signature_unavailable', { retryable: true, cause });
      }
      const full = JSON.stringify({ sessionId: id, ...JSON.parse(body) });
      const guest = await requestGuest(endpoint, send, timeoutMs, signal, full, signature);
      if (known && guest.enrichment === 'not_found') throw new GuestError('identity_expired');
      if (guest.enrichment === 'matched' && session.read().id === id) session.write({ known: true });
      return guest;
    };
    const guest = await repeat(attempt, signal, maxWaitMs, tell).catch((error) => {
      throw signSession && error.code === 'invalid_signature'
        ? new GuestError('identity_expired', error)
        : error;
    });
    channel?.postMessage([id, body, guest]);
    return guest;
  };

  /** Alone among the tabs; a guest that another one obtained meanwhile will do. */
  const fly = (signal: AbortSignal): Promise<Guest> => {
    const before = held;
    return alone(name, signal, timeoutMs, async (waited) => {
      // The other tab's message may arrive after its lock.
      for (let tries = 0; waited && tries < 10; tries += 1) {
        if (held && held !== before) return held;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      signal.throwIfAborted();
      return await ask(signal);
    });
  };

  const takeOff = () => {
    const own = new AbortController();
    ending = own;
    const flight = fly(own.signal);
    let callers = 0;
    const mine = (signal?: AbortSignal): Promise<Guest> =>
      new Promise((resolve, reject) => {
        callers += 1;
        signal?.addEventListener('abort', () => {
          reject(signal.reason);
          callers -= 1;
          if (callers || join !== mine) return;
          own.abort(signal.reason);
          join = undefined;
          settle();
        });
        flight.then(resolve, reject);
      });
    join = mine;
    flight
      .then(
        (guest) => join === mine && hold(guest),
        (error) => join === mine && tell({ name: 'failed', error }),
      )
      .then(() => {
        own.abort();
        if (join === mine) join = undefined;
      });
    return mine;
  };

  const init = async ({ signal, renew, consentGiven, consentType }: InitOptions = {}): Promise<Guest> => {
    signal?.throwIfAborted();
    listen();
    const found = session.read();
    let consent = said;
    if (consentGiven !== undefined) session.write({ refused: !consentGiven });
    else if (found.refused) consentGiven = false;
    if (consentGiven !== undefined || !consent) consent = JSON.stringify({ consentGiven, consentType });
    if (consent !== said) forget(consent);
    if (requireConsent && !consent.includes(':true')) {
      const error = new GuestError('consent_required');
      tell({ name: 'failed', error });
      throw error;
    }
    if (renew || !held || Date.now() >= renewAt) return await (join ?? takeOff())(signal);
    settle();
    return held;
  };

  const withdrawConsent = async (): Promise<void> => {
    forgetEverywhere({ refused: true });
    if (!session.read().id) return;
    said = JSON.stringify({ consentGiven: false });
    await takeOff()().catch((error) => {
      if (error.code !== 'consent_required') throw error;
    });
    forget();
  };

  return {
    get state() {
      return state;
    },
    init,
    withdrawConsent,
    signOut: () => forgetEverywhere(),
    subscribe: (listener) => {
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
    close: () => {
      forget();
      clearInterval(timer);
      channel?.close();
      channel = null;
    },
  };
};

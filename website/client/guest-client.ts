import { GuestError } from './guest-error.ts';
import type { Guest, GuestClient, GuestClientOptions, GuestState, InitOptions } from './guest-profiles.d.ts';
import { repeat } from './repeat.ts';
import { requestGuest } from './request-guest.ts';
import { openSession, randomId, type SessionRecord } from './session-record.ts';
import { alone, openChannel } from './tabs.ts';

const { now } = Date;

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
  /** The request under way: how a caller joins it, how it ends. */
  let join: ((signal?: AbortSignal) => Promise<Guest>) | undefined;
  let end: () => void = () => undefined;

  const tell = (next: GuestState): void => {
    state = next;
    for (const listener of listeners) listener(state);
  };
  const settle = (): void => tell(held ? { name: 'ready', guest: held } : { name: 'idle' });

  const forget = (consent?: string): void => {
    said = consent;
    held = join = undefined;
    end();
    settle();
  };

  /** With the session, unless the visitor merely declined. */
  const forgetHere = (refused?: boolean): void => {
    session.write(refused ? { ...session.read(), refused } : undefined);
    forget();
  };

  const forgetEverywhere = (refused?: boolean): void => {
    listen();
    channel?.postMessage([refused]);
    forgetHere(refused);
  };

  const listen = (): void => {
    if (channel !== undefined) return;
    channel = openChannel(name, ([first, body, guest]) => {
      if (guest) {
        if (first === session.read().id && body === said) hold(guest);
        // Tabs share local storage: the one that was asked has cleared it, and may have begun another session since.
      } else if (storage === 'local') forget();
      else forgetHere(first as boolean | undefined);
    });
  };

  /** A hidden page renews nothing, that costs quota; it does when it is seen again. */
  const keep = (): void => {
    const old = held;
    if (!old || join || document.hidden || now() < renewAt) return;
    init({ renew: true }).catch(() => {
      if (held !== old) return;
      renewAt = now() + 30_000;
      if (now() < Date.parse(old.expiresAt)) settle();
      else held = undefined;
    });
  };

  const hold = (guest: Guest): void => {
    held = guest;
    // A minute before the end, sooner for short tokens; never at once, so that a wrong clock does not ask without pause.
    const left = Date.parse(guest.expiresAt) - now() || 0;
    renewAt = now() + Math.max(left - Math.min(60_000, left / 5), 30_000);
    if (join || state.name === 'ready') settle();
    // Short steps by the clock: one long timer would stand still while a laptop sleeps.
    if (keepFresh) timer ??= setInterval(keep, 5000);
  };

  const ask = async (signal: AbortSignal): Promise<Guest> => {
    const body = said as string;
    const found = session.read();
    const id = sessionId ?? found.id ?? randomId();
    // Of another session, only the refusal holds.
    const record: SessionRecord = { ...(found.id === id ? found : { refused: found.refused }), id };
    session.write(record);
    const attempt = async (): Promise<Guest> => {
      let signature: string | undefined;
      try {
        signature = await signSession?.(id, signal);
      } catch (cause) {
        throw new GuestError('signature_unavailable', { retryable: true, cause });
      }
      const full = JSON.stringify({ sessionId: id, ...JSON.parse(body) });
      const guest = await requestGuest(endpoint, send, timeoutMs, signal, full, signature);
      if (guest.enrichment === 'matched') session.write({ ...record, known: true });
      else if (record.known && guest.enrichment === 'not_found') throw new GuestError('identity_expired');
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
      return await ask(signal);
    });
  };

  const takeOff = () => {
    const ending = new AbortController();
    const flight = fly(ending.signal);
    let callers = 0;
    const mine = (signal?: AbortSignal): Promise<Guest> =>
      new Promise((resolve, reject) => {
        callers += 1;
        signal?.addEventListener('abort', () => {
          reject(signal.reason);
          callers -= 1;
          if (callers || join !== mine) return;
          ending.abort(signal.reason);
          join = undefined;
          settle();
        });
        flight.then(resolve, reject);
      });
    join = mine;
    end = () => ending.abort(new GuestError('superseded'));
    flight
      .then(
        (guest) => join === mine && hold(guest),
        (error) => join === mine && tell({ name: 'failed', error }),
      )
      .then(() => {
        ending.abort();
        if (join === mine) join = undefined;
      });
    return mine;
  };

  const init = async ({ signal, renew, consentGiven, consentType }: InitOptions = {}): Promise<Guest> => {
    signal?.throwIfAborted();
    listen();
    const found = session.read();
    let consent = said;
    if (consentGiven !== undefined) session.write({ ...found, refused: !consentGiven });
    else if (found.refused) consentGiven = false;
    if (consentGiven !== undefined || !consent) consent = JSON.stringify({ consentGiven, consentType });
    if (consent !== said) forget(consent);
    if (requireConsent && !consent.includes(':true')) {
      const error = new GuestError('consent_required');
      tell({ name: 'failed', error });
      throw error;
    }
    if (renew || !held || now() >= renewAt) return await (join ?? takeOff())(signal);
    settle();
    return held;
  };

  const withdrawConsent = async (): Promise<void> => {
    forgetEverywhere(true);
    if (!session.read().id) return;
    said = '{"consentGiven":false}';
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

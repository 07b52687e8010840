import {
  type SharedTokenEntry,
  type SharedTokenStore,
  tokenMarginMs,
} from '../../lambda/genesys/shared-token-store.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { Clock } from '../../lambda/guest/ports.ts';

const leaseMs = 6000;

interface Entry extends Omit<SharedTokenEntry, 'leasedUntilMs'> {
  readonly lease?: { readonly owner: string; readonly untilMs: number } | undefined;
}

/** The table of all containers, in memory; `down` makes it unreachable. */
export const createMemoryTokenStore = (clock: Clock) => {
  const entries = new Map<string, Entry>();
  const state = { down: false, leases: 0, reads: 0 };
  let versions = 0;

  const entryOf = async (key: string): Promise<Entry> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (state.down) throw new StoreUnavailableError();
    return entries.get(key) ?? {};
  };
  const isPast = (timeMs: number | undefined): boolean => (timeMs ?? 0) <= clock.now();

  const store: SharedTokenStore = {
    read: async (key) => {
      state.reads += 1;
      const { token, lease, pause } = await entryOf(key);
      return {
        token: isPast(token?.expiresAtMs) ? undefined : token,
        leasedUntilMs: isPast(lease?.untilMs) ? undefined : lease?.untilMs,
        pause,
      };
    },
    lease: async (key, replacing) => {
      const entry = await entryOf(key);
      const isWanted =
        replacing === undefined
          ? isPast((entry.token?.expiresAtMs ?? 0) - tokenMarginMs)
          : entry.token?.version === replacing;
      if (!isWanted || !isPast(entry.lease?.untilMs) || !isPast(entry.pause?.untilMs)) return undefined;
      state.leases += 1;
      const owner = `owner-${state.leases}`;
      const token = replacing === undefined ? undefined : entry.token;
      entries.set(key, { ...entry, token, lease: { owner, untilMs: clock.now() + leaseMs } });
      return { owner };
    },
    store: async (key, owner, token) => {
      if ((await entryOf(key)).lease?.owner !== owner) return false;
      versions += 1;
      entries.set(key, { token: { ...token, version: `version-${versions}` } });
      return true;
    },
    release: async (key, owner, pause) => {
      const { token, lease } = await entryOf(key);
      if (lease?.owner === owner) entries.set(key, { token, pause });
    },
    invalidate: async (key, version) => {
      const entry = await entryOf(key);
      if (entry.token?.version === version) entries.set(key, { ...entry, token: undefined });
    },
  };
  return { ...store, state, entries };
};

import type { SealedToken, SharedTokenStore } from '../../lambda/genesys/shared-token-store.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { Clock } from '../../lambda/guest/ports.ts';

const leaseMs = 6000;

/** The table of all containers, in memory; `down` makes it unreachable. */
export const createMemoryTokenStore = (clock: Clock) => {
  const entries = new Map<string, { token?: SealedToken; lease?: { owner: string; untilMs: number } }>();
  const state = { down: false, leases: 0, reads: 0 };
  let versions = 0;

  const entryOf = async (key: string) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (state.down) throw new StoreUnavailableError();
    const entry = entries.get(key) ?? {};
    entries.set(key, entry);
    if (entry.token !== undefined && entry.token.expiresAtMs <= clock.now()) delete entry.token;
    if (entry.lease !== undefined && entry.lease.untilMs <= clock.now()) delete entry.lease;
    return entry;
  };

  const store: SharedTokenStore = {
    read: async (key) => {
      state.reads += 1;
      return (await entryOf(key)).token;
    },
    lease: async (key, renewing) => {
      const entry = await entryOf(key);
      if (entry.lease !== undefined || entry.token?.version !== renewing) return undefined;
      state.leases += 1;
      entry.lease = { owner: `owner-${state.leases}`, untilMs: clock.now() + leaseMs };
      return entry.lease;
    },
    store: async (key, owner, token) => {
      const entry = await entryOf(key);
      if (entry.lease?.owner !== owner) return false;
      versions += 1;
      entries.set(key, { token: { ...token, version: `version-${versions}` } });
      return true;
    },
    release: async (key, owner) => {
      const entry = await entryOf(key);
      if (entry.lease?.owner === owner) delete entry.lease;
    },
    invalidate: async (key, version) => {
      const entry = await entryOf(key);
      if (entry.token?.version === version) delete entry.token;
    },
  };
  return { ...store, state, entries };
};

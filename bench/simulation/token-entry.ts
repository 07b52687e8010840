import { tokenMarginMs } from '../../lambda/genesys/shared-token.ts';
import type { SealedToken, SharedTokenStore } from '../../lambda/genesys/shared-token-store.ts';
import type { Clock } from '../../lambda/guest/ports.ts';
import type { SharedTables, TokenCompanion } from './shared-tables.ts';

/** What a container knows of its own need for a token. */
interface Need {
  wanted(): boolean;
  key(): string | undefined;
}

/** A token that came with the tables' round trip is good for one read within this time. */
const deliveredForMs = 2000;

/**
 * The fleet's OAuth token in the registry table, with the promises of `lambda/aws/token-vault.ts`. The entry is
 * smaller than 1 KiB: each call costs one unit.
 */
export const createTokenEntry = (
  clock: Clock,
  { units, roundTrip }: Pick<SharedTables, 'units' | 'roundTrip'>,
) => {
  let token: SealedToken | undefined;
  let lease: { readonly owner: string; readonly untilMs: number } | undefined;
  let writes = 0;

  const live = (): SealedToken | undefined =>
    token !== undefined && token.expiresAtMs > clock.now() ? token : undefined;
  const leaseable = (renewing: string | undefined): boolean =>
    renewing === undefined
      ? token === undefined || token.expiresAtMs <= clock.now() + tokenMarginMs
      : token?.version === renewing;

  const shared: Omit<SharedTokenStore, 'read'> = {
    lease: async (_key, renewing, deadline) => {
      units.write += 1;
      return await roundTrip(deadline, async () => {
        if ((lease !== undefined && lease.untilMs > clock.now()) || !leaseable(renewing)) return undefined;
        writes += 1;
        lease = { owner: `owner-${writes}`, untilMs: clock.now() + 6000 };
        return lease;
      });
    },
    store: async (_key, owner, stored, deadline) => {
      units.write += 1;
      return await roundTrip(deadline, async () => {
        if (lease?.owner !== owner) return false;
        writes += 1;
        token = { ...stored, version: `version-${writes}` };
        lease = undefined;
        return true;
      });
    },
    release: async (_key, owner, deadline) => {
      units.write += 1;
      await roundTrip(deadline, async () => {
        if (lease?.owner === owner) lease = undefined;
      });
    },
    invalidate: async (_key, version, deadline) => {
      units.write += 1;
      await roundTrip(deadline, async () => {
        if (token?.version === version) token = undefined;
      });
    },
  };

  /** The entry as one container sees it. */
  return (need: () => Need): { readonly store: SharedTokenStore; readonly companion: TokenCompanion } => {
    let delivered: { readonly token: SealedToken | undefined; readonly atMs: number } | undefined;
    return {
      store: {
        ...shared,
        read: async (_key, deadline) => {
          const taken = delivered;
          delivered = undefined;
          if (taken !== undefined && clock.now() - taken.atMs < deliveredForMs) return taken.token;
          units.read += 1;
          return await roundTrip(deadline, async () => live());
        },
      },
      companion: {
        wanted: () => need().wanted() && need().key() !== undefined,
        deliver: () => {
          delivered = { token: live(), atMs: clock.now() };
        },
      },
    };
  };
};

import type { SharedTokenEntry, SharedTokenStore } from '../../lambda/genesys/shared-token-store.ts';
import { tokenMarginMs } from '../../lambda/genesys/shared-token-store.ts';
import type { Clock } from '../../lambda/guest/ports.ts';
import type { SharedTables } from './shared-tables.ts';

/**
 * The fleet's OAuth token in the registry table, with the promises of `lambda/aws/token-vault.ts`. The entry is
 * smaller than 1 KiB: each call costs one unit.
 */
export const createTokenEntry = (
  clock: Clock,
  { units, roundTrip }: Pick<SharedTables, 'units' | 'roundTrip'>,
): SharedTokenStore => {
  let { token, pause }: SharedTokenEntry = {};
  let lease: { readonly owner: string; readonly untilMs: number } | undefined;
  let writes = 0;

  const isLeased = (): boolean => lease !== undefined && lease.untilMs > clock.now();
  const leaseable = (replacing: string | undefined): boolean =>
    replacing === undefined
      ? token === undefined || token.expiresAtMs <= clock.now() + tokenMarginMs
      : token?.version === replacing;

  return {
    read: async (_key, deadline) => {
      units.read += 1;
      return await roundTrip(deadline, async () => ({
        token: token !== undefined && token.expiresAtMs > clock.now() ? token : undefined,
        leasedUntilMs: isLeased() ? lease?.untilMs : undefined,
        pause,
      }));
    },
    lease: async (_key, replacing, deadline) => {
      units.write += 1;
      return await roundTrip(deadline, async () => {
        if (isLeased() || (pause?.untilMs ?? 0) > clock.now() || !leaseable(replacing)) return undefined;
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
        pause = undefined;
        return true;
      });
    },
    release: async (_key, owner, paused, deadline) => {
      units.write += 1;
      await roundTrip(deadline, async () => {
        if (lease?.owner !== owner) return;
        lease = undefined;
        pause = paused;
      });
    },
    invalidate: async (_key, version, deadline) => {
      units.write += 1;
      await roundTrip(deadline, async () => {
        if (token?.version === version) token = undefined;
      });
    },
  };
};

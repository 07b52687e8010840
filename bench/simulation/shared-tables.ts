import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { Clock, Deadline, GuestRegistry, VisitorTables } from '../../lambda/guest/ports.ts';
import { assumptions } from './assumptions.ts';
import type { Chance } from './chance.ts';
import { type ConsumedUnits, crmItemBytes, readUnits, registryItemBytes, writeUnits } from './table-units.ts';

/** Brings the fleet's OAuth token along with a container's read of the tables. */
export interface TokenCompanion {
  wanted(): boolean;
  deliver(): void;
}

export interface SharedTables {
  readonly units: ConsumedUnits;
  readonly registry: GuestRegistry;
  readonly tables: (companion: TokenCompanion) => VisitorTables;
  /** The CRM alone, as products without a registry read it. */
  readonly crmOnly: VisitorTables;
  /** Works on an entry of the registry table as a round trip does. */
  readonly roundTrip: <T>(deadline: Deadline, work: () => Promise<T>) => Promise<T>;
}

export interface SharedTablesOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly leaseMs: number;
  readonly crm: (sessionHash: string) => CrmRecord;
}

const guestRead = readUnits(registryItemBytes, true);
const guestWrite = writeUnits(registryItemBytes);

/**
 * Both tables as all containers see them: the registry is the domain's own, in memory, behind the time that
 * DynamoDB takes. Counts units as `lambda/aws/guest-registry.ts` would consume them.
 */
export const createSharedTables = (options: SharedTablesOptions): SharedTables => {
  const { clock, chance, leaseMs, crm } = options;
  const units = { read: 0, write: 0 };
  const crmRead = readUnits(crmItemBytes(crm('a'.repeat(64))), false);
  const { guestTtlSeconds } = assumptions.settings;
  const memory = createMemoryRegistry({
    clock,
    leaseMs,
    guestTtlSeconds,
    maxEntries: Number.POSITIVE_INFINITY,
  });

  const roundTrip = async <T>(deadline: Deadline, work: () => Promise<T>): Promise<T> => {
    // A listener on the signal for each of some milliseconds would cost more than all else.
    await clock.sleep(chance.aroundMs(assumptions.aws.dynamoDbMs));
    if (deadline.signal.aborted) throw new StoreUnavailableError('the table did not answer in time');
    return await work();
  };
  const write = async <T>(deadline: Deadline, work: () => Promise<T>): Promise<T> => {
    units.write += guestWrite;
    return await roundTrip(deadline, work);
  };
  /** A write that is tried whole first, and by parts where the entry holds more than the lease. */
  const writeWholeOrParts = async <T>(
    sessionHash: string,
    deadline: Deadline,
    hasMore: (entry: Awaited<ReturnType<GuestRegistry['find']>>) => boolean,
    work: () => Promise<T>,
  ): Promise<T> => {
    if (hasMore(await memory.find([sessionHash], deadline))) await write(deadline, async () => undefined);
    return await write(deadline, work);
  };

  const registry: GuestRegistry = {
    find: async (hashes, deadline) => {
      units.read += guestRead * hashes.length;
      return await roundTrip(deadline, async () => await memory.find(hashes, deadline));
    },
    claim: async (hash, over, deadline, owner) =>
      await write(deadline, async () => await memory.claim(hash, over, deadline, owner)),
    renew: async (claim, deadline) => await write(deadline, async () => await memory.renew(claim, deadline)),
    complete: async (claim, guest, deadline) =>
      await writeWholeOrParts(
        claim.sessionHash,
        deadline,
        (entry) => entry?.queued !== undefined,
        async () => await memory.complete(claim, guest, deadline),
      ),
    queue: async (claim, consent, deadline) =>
      await write(deadline, async () => await memory.queue(claim, consent, deadline)),
    updateConsent: async (registration, consent, deadline) =>
      await write(deadline, async () => await memory.updateConsent(registration, consent, deadline)),
    fail: async (claim, deadline) => await write(deadline, async () => await memory.fail(claim, deadline)),
    release: async (claim, deadline, release) =>
      await writeWholeOrParts(
        claim.sessionHash,
        deadline,
        (entry) => (entry?.guest ?? entry?.queued ?? entry?.failed) !== undefined,
        async () => await memory.release(claim, deadline, release),
      ),
  };

  const readCrm = (sessionHash: string) => {
    units.read += crmRead;
    return { kind: 'matched', record: crm(sessionHash) } as const;
  };

  return {
    units,
    registry,
    roundTrip,
    tables: (companion) => ({
      read: async (hashes, _want, deadline) => {
        const withToken = companion.wanted();
        units.read += guestRead * (hashes.length + (withToken ? 1 : 0));
        return await roundTrip(deadline, async () => {
          if (withToken) companion.deliver();
          return { crm: readCrm(hashes[0]), registration: await memory.find(hashes, deadline) };
        });
      },
    }),
    crmOnly: {
      read: async (hashes, _want, deadline) =>
        await roundTrip(deadline, async () => ({ crm: readCrm(hashes[0]), registration: undefined })),
    },
  };
};

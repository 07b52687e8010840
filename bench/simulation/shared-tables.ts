import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { Clock, Deadline, GuestRegistry, VisitorTables } from '../../lambda/guest/ports.ts';
import type { SessionHashes } from '../../lambda/guest/session-hash.ts';
import { assumptions } from './assumptions.ts';
import type { Chance } from './chance.ts';
import { type ConsumedUnits, crmItemBytes, readUnits, registryItemBytes, writeUnits } from './table-units.ts';

export interface SharedTables {
  readonly units: ConsumedUnits;
  readonly registry: GuestRegistry;
  readonly tables: VisitorTables;
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
    hashes: SessionHashes,
    deadline: Deadline,
    hasMore: (entry: Awaited<ReturnType<GuestRegistry['find']>>) => boolean,
    work: () => Promise<T>,
  ): Promise<T> => {
    if (hasMore(await memory.find(hashes, deadline))) await write(deadline, async () => undefined);
    return await write(deadline, work);
  };

  const registry: GuestRegistry = {
    find: async (hashes, deadline) => {
      units.read += guestRead * hashes.length;
      return await roundTrip(deadline, async () => await memory.find(hashes, deadline));
    },
    acquire: async (hashes, seen, owner, deadline) =>
      await write(deadline, async () => await memory.acquire(hashes, seen, owner, deadline)),
    create: async (hash, guest, deadline) =>
      await write(deadline, async () => await memory.create(hash, guest, deadline)),
    renew: async (lease, deadline) => await write(deadline, async () => await memory.renew(lease, deadline)),
    complete: async (lease, guest, deadline) =>
      await writeWholeOrParts(
        lease.hashes,
        deadline,
        (entry) => entry?.queued !== undefined,
        async () => await memory.complete(lease, guest, deadline),
      ),
    queue: async (lease, queuedAtMs, evidence, deadline) =>
      await write(deadline, async () => await memory.queue(lease, queuedAtMs, evidence, deadline)),
    refuse: async (lease, evidence, deadline) =>
      await write(deadline, async () => await memory.refuse(lease, evidence, deadline)),
    rememberContact: async (hashes, guestId, contact, deadline) =>
      await write(deadline, async () => await memory.rememberContact(hashes, guestId, contact, deadline)),
    updateEvidence: async (hashes, evidence, deadline) =>
      await write(deadline, async () => await memory.updateEvidence(hashes, evidence, deadline)),
    fail: async (lease, deadline) => await write(deadline, async () => await memory.fail(lease, deadline)),
    release: async (lease, deadline, release) =>
      await writeWholeOrParts(
        lease.hashes,
        deadline,
        (entry) => (entry?.guest ?? entry?.queued ?? entry?.failed) !== undefined,
        async () => await memory.release(lease, deadline, release),
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
    tables: {
      read: async (hashes, _want, deadline) => {
        units.read += guestRead * hashes.length;
        return await roundTrip(deadline, async () => ({
          crm: readCrm(hashes[0]),
          registration: await memory.find(hashes, deadline),
        }));
      },
      readCrm: async (hashes, deadline) => await roundTrip(deadline, async () => readCrm(hashes[0])),
    },
    crmOnly: {
      read: async (hashes, _want, deadline) =>
        await roundTrip(deadline, async () => ({ crm: readCrm(hashes[0]), registration: undefined })),
      readCrm: async (hashes, deadline) => await roundTrip(deadline, async () => readCrm(hashes[0])),
    },
  };
};

import type { Telemetry } from '../../lambda/guest/ports.ts';
import { assumptions } from './assumptions.ts';
import { createChance } from './chance.ts';
import { createGenesysModel, type GenesysLimits } from './genesys-model.ts';
import { createOverflowModel } from './overflow-model.ts';
import { createSharedTables } from './shared-tables.ts';
import { createTokenEntry } from './token-entry.ts';
import { createVirtualClock } from './virtual-clock.ts';

const startMs = Date.parse('2026-05-15T10:00:00.000Z');

const updatedAt = new Date(startMs).toISOString();

/** Every session has a CRM record, so that its guests can be told from others by their e-mail. */
const recordOf = (sessionHash: string) => ({
  email: `${sessionHash.slice(0, 16)}@customers.example`,
  firstName: 'Jane',
  tier: 'Enterprise',
  previousTickets: 12,
  crmId: `crm-${sessionHash.slice(0, 16)}`,
  attributes: { language: 'de', newsletter: true, openInvoices: 2 },
  updatedAt,
});

/** All that the containers of a run share. */
export const createWorld = (seed: number, limits: GenesysLimits, verification = false) => {
  const clock = createVirtualClock(startMs);
  const chance = createChance(seed);
  const leaseMs = assumptions.settings.genesysTimeoutMs + 2000;
  const events = new Map<string, number>();
  const telemetry: Telemetry = {
    record: (event) => {
      events.set(event, (events.get(event) ?? 0) + 1);
    },
  };
  const shared = createSharedTables({ clock, chance, leaseMs, crm: recordOf });
  return {
    clock,
    chance,
    leaseMs,
    /** Whether sessions can be verified: then unverified ones have a share of quota and queue. */
    verification,
    telemetry,
    /** How often each event was recorded. */
    happened: (event: string): number => events.get(event) ?? 0,
    counts: { secretReads: 0 },
    genesys: createGenesysModel(clock, chance, limits),
    shared,
    tokenEntry: createTokenEntry(clock, shared),
    overflow: createOverflowModel(clock, chance),
  };
};
export type World = ReturnType<typeof createWorld>;

import { describe, expect, it } from '@jest/globals';
import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import { startDeadline } from '../../lambda/guest/deadline.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { GuestEvent } from '../../lambda/guest/events.ts';
import type { CrmLookup, Deadline, KnownGuest } from '../../lambda/guest/ports.ts';
import { createResolveVisitor } from '../../lambda/guest/resolve-visitor.ts';
import type { SessionHashes } from '../../lambda/guest/session-hash.ts';
import { createTestClock } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';
import {
  anyHash,
  createVisit,
  explicit,
  guestAt,
  guestTtlSeconds,
  leaseMs,
  refused,
} from '../support/registry-contract.ts';

const jane = {
  email: 'jane@example.com',
  firstName: 'Jane',
  tier: 'Enterprise',
  previousTickets: 12,
  crmId: 'crm-1',
};
const budgetMs = 4000;

/** A session with a guest, its reference, and an agent who asks with it. */
const createAgentWorld = async (ofGuest: Partial<KnownGuest> = {}) => {
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<GuestEvent>();
  const registry = createMemoryRegistry({ clock, leaseMs, guestTtlSeconds });
  const hashes: SessionHashes = [anyHash()];
  const visit = createVisit(registry, clock, hashes);
  const { guest } = await visit.register({ provider: 'web-messaging', profileDigest: '', ...ofGuest });
  const state = {
    crm: { kind: 'matched', record: jane } as CrmLookup,
    crmReads: 0,
    bindings: new Map<string, string>(),
    boundUntilMs: 0,
    contacts: [] as string[],
    removed: [] as string[],
    /** How long the last removal may take. */
    removalMs: 0,
    /** What happens at Genesys while a contact is written. */
    whileUpserting: async (_deadline: Deadline): Promise<string | undefined> => 'contact-1',
    registryIsAway: false,
  };
  const resolve = createResolveVisitor({
    references: { open: async (text) => (text === 'reference' ? { hashes, guestId: 'guest-1' } : undefined) },
    bindings: {
      bind: async (reference, conversationId, untilMs) => {
        state.boundUntilMs = untilMs;
        const owner = state.bindings.get(reference) ?? conversationId;
        state.bindings.set(reference, owner);
        return owner === conversationId;
      },
    },
    registry: {
      ...registry,
      rememberContact: async (...args) => {
        if (state.registryIsAway) throw new StoreUnavailableError('the registry is away');
        return await registry.rememberContact(...args);
      },
    },
    tables: {
      read: async () => {
        throw new Error('never read by resolve');
      },
      readCrm: async () => {
        state.crmReads += 1;
        return state.crm;
      },
    },
    contacts: {
      digest: ({ email }) => `digest of ${email}`,
      upsert: async ({ crmId }, deadline) => {
        state.contacts.push(String(crmId));
        return await state.whileUpserting(deadline);
      },
      remove: async (id, deadline) => {
        state.removed.push(id);
        state.removalMs = deadline.remainingMs();
      },
    },
    provider: { name: 'web-messaging', guestHasProfile: false },
    clock,
    telemetry,
    settings: {
      anonymousEmailDomain: 'temp.com',
      attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets' },
      integrationSource: 'node-middleware-v1',
    },
  });
  const ask = async (conversationId = 'conversation-1', guestReference = 'reference') => {
    const deadline = startDeadline(clock, budgetMs);
    try {
      return await resolve({ guestReference, conversationId }, deadline);
    } finally {
      deadline.clear();
    }
  };
  return { clock, telemetry, visit, guest, state, ask };
};

const notFound = { found: false };

describe('An agent who asks who the visitor is', () => {
  it('sees the customer, by the names that the flow knows, and the operator no value', async () => {
    const { telemetry, visit, ask } = await createAgentWorld({ verified: true });
    expect(await ask()).toEqual({
      found: true,
      verified: true,
      consentGiven: true,
      consentType: 'explicit',
      enrichment: 'matched',
      firstName: 'Jane',
      email: 'jane@example.com',
      externalContactId: 'contact-1',
      crmTier: 'Enterprise',
      historicalTickets: 12,
      integrationSource: 'node-middleware-v1',
    });
    expect(telemetry.recorded).toEqual([
      {
        event: 'visitor_resolved',
        fields: { sessionHash: visit.hashes[0], enrichment: 'matched', verified: true },
      },
    ]);
  });

  it('sees nothing invented of a customer of whom the CRM knows an address only', async () => {
    const { state, ask } = await createAgentWorld();
    state.crm = { kind: 'matched', record: { email: 'a@b.example' } };
    expect(await ask()).toEqual({
      found: true,
      verified: false,
      consentGiven: true,
      consentType: 'explicit',
      enrichment: 'matched',
      email: 'a@b.example',
      integrationSource: 'node-middleware-v1',
    });
    expect(state.contacts).toEqual([]);
  });

  it.each(['not_found', 'degraded'] as const)('sees nothing of the anonymous profile: %s', async (kind) => {
    const { state, ask } = await createAgentWorld();
    state.crm = { kind };
    expect(await ask()).toEqual({
      found: true,
      verified: false,
      consentGiven: true,
      consentType: 'explicit',
      enrichment: kind,
      integrationSource: 'node-middleware-v1',
    });
    expect(state.contacts).toEqual([]);
  });

  it('sees that consent was refused since, and the CRM is not read', async () => {
    const { visit, state, ask } = await createAgentWorld();
    await visit.state(refused);
    expect(await ask()).toMatchObject({ found: true, consentGiven: false, enrichment: 'no_consent' });
    expect(state).toMatchObject({ crmReads: 0, contacts: [] });
  });

  it('sees the consent that the guest was registered under, where that is the newest', async () => {
    const { ask } = await createAgentWorld({ consent: { ...explicit, type: 'implicit' } });
    expect(await ask()).toMatchObject({ consentGiven: true, consentType: 'implicit' });
  });
});

describe('A guest reference', () => {
  it('belongs to the first conversation that presents it, for as long as its guest lasts', async () => {
    const { telemetry, visit, guest, state, ask } = await createAgentWorld();
    expect(await ask('first')).toMatchObject({ found: true });
    expect(await ask('second')).toEqual(notFound);
    expect(await ask('first')).toMatchObject({ found: true });
    expect(telemetry.of('reference_reused')).toEqual([{ sessionHash: visit.hashes[0] }]);
    expect(state.boundUntilMs).toBe(guest?.expiresAtMs);
  });

  it('that does not open shows nothing, and binds nothing', async () => {
    const { telemetry, state, ask } = await createAgentWorld();
    expect(await ask('first', 'forged')).toEqual(notFound);
    expect(telemetry.recorded).toEqual([
      { event: 'visitor_unknown', fields: { reason: 'reference_unreadable' } },
    ]);
    expect(state.bindings.size).toBe(0);
  });

  it.each([
    ['has become another guest', { guestId: 'guest-2' }],
    ['is another provider’s', { provider: 'webchat-v1' }],
  ])('shows nothing of a session that %s', async (_, change) => {
    const { telemetry, visit, state, ask } = await createAgentWorld();
    await visit.register({ provider: 'web-messaging', ...change });
    expect(await ask()).toEqual(notFound);
    expect(telemetry.recorded).toEqual([{ event: 'visitor_unknown', fields: { reason: 'guest_gone' } }]);
    expect(state.bindings.size).toBe(0);
  });

  it('shows nothing once its guest has ended', async () => {
    const { clock, ask } = await createAgentWorld();
    await clock.advance(guestTtlSeconds * 1000);
    expect(await ask()).toEqual(notFound);
  });
});

describe('The customer’s contact', () => {
  it('is written once while nothing of it changes, and again when something does', async () => {
    const { state, ask } = await createAgentWorld();
    await ask();
    expect(await ask()).toMatchObject({ externalContactId: 'contact-1' });
    expect(state.contacts).toEqual(['crm-1']);
    state.crm = { kind: 'matched', record: { ...jane, email: 'new@example.com' } };
    expect(await ask()).toMatchObject({ externalContactId: 'contact-1' });
    expect(state.contacts).toEqual(['crm-1', 'crm-1']);
  });

  it('that cannot be had costs only its field, and is tried again next time', async () => {
    const { visit, state, ask } = await createAgentWorld();
    state.whileUpserting = async () => undefined;
    expect(await ask()).not.toHaveProperty('externalContactId');
    expect((await visit.found()).contact).toBeUndefined();
    state.whileUpserting = async () => 'contact-1';
    expect(await ask()).toMatchObject({ found: true, externalContactId: 'contact-1' });
  });

  it('may take the budget less a quarter of a second, and leaves no timer behind', async () => {
    const { clock, state, ask } = await createAgentWorld();
    const limits: number[] = [];
    state.whileUpserting = async (deadline) => {
      limits.push(deadline.remainingMs());
      return undefined;
    };
    const before = clock.pendingTimers;
    await ask();
    expect(limits).toEqual([budgetMs - 250]);
    expect(clock.pendingTimers).toBe(before);
  });

  it('that the registry cannot remember is not shown, and the conversation goes on', async () => {
    const { telemetry, state, ask } = await createAgentWorld();
    state.registryIsAway = true;
    const resolved = await ask();
    expect(resolved).toMatchObject({ found: true, firstName: 'Jane' });
    expect(resolved).not.toHaveProperty('externalContactId');
    expect(telemetry.of('registry_unavailable')).toEqual([{ operation: 'rememberContact' }]);
  });

  it('of a customer who is erased meanwhile is deleted again, with time of its own after the budget', async () => {
    const { clock, telemetry, visit, state, ask } = await createAgentWorld();
    state.whileUpserting = async () => {
      // As good as erased: nothing of the entry is live.
      await visit.complete(
        await visit.take(),
        guestAt(clock.now(), { guestId: 'ended', expiresAtMs: clock.now() }),
      );
      await clock.advance(budgetMs);
      return 'contact-1';
    };
    expect(await ask()).toEqual(notFound);
    expect(await visit.find()).toBeUndefined();
    expect(state).toMatchObject({ removed: ['contact-1'], removalMs: 200 });
    expect(telemetry.recorded).toEqual([{ event: 'visitor_unknown', fields: { reason: 'guest_gone' } }]);
  });

  it('stays where the session has another guest meanwhile, who shows it', async () => {
    const { visit, state, ask } = await createAgentWorld();
    state.whileUpserting = async () => {
      await visit.register({ guestId: 'guest-2', provider: 'web-messaging' });
      return 'contact-1';
    };
    expect(await ask()).toEqual(notFound);
    expect(state.removed).toEqual([]);
  });

  it('hides no defect: what is not an outage is thrown', async () => {
    const { state, ask } = await createAgentWorld();
    state.whileUpserting = async () => {
      throw new TypeError('a defect');
    };
    await expect(ask()).rejects.toThrow('a defect');
  });
});

import type { AttributeValue } from './crm-record.ts';
import { startDeadline, withGrace } from './deadline.ts';
import { StoreUnavailableError } from './errors.ts';
import type { GuestEvent } from './events.ts';
import type {
  Clock,
  Contacts,
  CrmLookup,
  Deadline,
  GuestProvider,
  GuestReferences,
  GuestRegistry,
  KnownGuest,
  ReferenceBindings,
  Registration,
  Telemetry,
  VisitorTables,
} from './ports.ts';
import { mappedAttributes, type Profile } from './profile.ts';
import type { SessionHashes } from './session-hash.ts';
import { type ProfileSettings, visitorOf } from './visitor.ts';

export interface ResolveVisitorDependencies {
  readonly references: GuestReferences;
  readonly bindings: ReferenceBindings;
  readonly registry: GuestRegistry;
  readonly tables: VisitorTables;
  readonly contacts: Contacts;
  readonly provider: Pick<GuestProvider, 'name' | 'guestHasProfile'>;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GuestEvent>;
  readonly settings: ProfileSettings & { readonly integrationSource: string };
}

export interface ResolveVisitorCommand {
  readonly guestReference: string;
  readonly conversationId: string;
}

/** What the message flow is given: one flat object, since that is what a flow can read. */
export type ResolvedVisitor = Readonly<Record<string, AttributeValue>> & { readonly found: boolean };

const notFound: ResolvedVisitor = { found: false };
/** Kept back from the budget, so that a contact that takes too long costs only itself. */
const resultReserveMs = 250;
/** Time that deleting the contact of an erased customer may take after the budget is over. */
const removeGraceMs = 200;

const present = (
  values: Readonly<Record<string, AttributeValue | undefined>>,
): Record<string, AttributeValue> =>
  Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
  );

/**
 * The use case: who is the visitor that wrote? Asked by the organisation's message flow with the reference that
 * the page was given, which belongs to the first conversation that presents it.
 * @throws StoreUnavailableError when the registry cannot be reached, and what opening a reference throws
 */
export const createResolveVisitor = (deps: ResolveVisitorDependencies) => {
  const { references, bindings, registry, tables, contacts, provider, clock, telemetry, settings } = deps;

  const unknown = (reason: string): ResolvedVisitor => {
    telemetry.record('visitor_unknown', { reason });
    return notFound;
  };

  /** The guest that a reference names, while it is the session's own. */
  const guestOf = (registration: Registration | undefined, guestId: string): KnownGuest | undefined => {
    const guest = registration?.guest;
    return guest?.guestId === guestId && guest.provider === provider.name ? guest : undefined;
  };

  /** The contact's id, or `gone`: the customer was erased, or the guest replaced, while we asked for it. */
  const contactOf = async (
    hashes: SessionHashes,
    guestId: string,
    profile: Profile,
    known: Registration['contact'],
    deadline: Deadline,
  ): Promise<string | 'gone' | undefined> => {
    if (profile.crmId === undefined) return undefined;
    const digest = contacts.digest(profile);
    if (known?.digest === digest) return known.id;
    const limit = startDeadline(clock, deadline.remainingMs() - resultReserveMs, deadline.signal);
    try {
      const id = await contacts.upsert(profile, limit);
      if (id === undefined) return undefined;
      if (await registry.rememberContact(hashes, guestId, { id, digest }, deadline)) return id;
      await withGrace(clock, deadline, removeGraceMs, async (grace) => {
        if ((await registry.find(hashes, grace)) === undefined) await contacts.remove(id, grace);
      });
      return 'gone';
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      telemetry.record('registry_unavailable', { operation: 'rememberContact' });
      return undefined;
    } finally {
      limit.clear();
    }
  };

  return async (
    { guestReference, conversationId }: ResolveVisitorCommand,
    deadline: Deadline,
  ): Promise<ResolvedVisitor> => {
    const reference = await references.open(guestReference, deadline);
    if (reference === undefined) return unknown('reference_unreadable');
    const { hashes, guestId } = reference;
    const [sessionHash] = hashes;
    const registration = await registry.find(hashes, deadline);
    const guest = guestOf(registration, guestId);
    if (guest === undefined) return unknown('guest_gone');
    if (!(await bindings.bind(guestReference, conversationId, guest.expiresAtMs, deadline))) {
      // Somebody may be using what they saw on an agent's screen.
      telemetry.record('reference_reused', { sessionHash });
      return notFound;
    }

    const consent = registration?.consent ?? guest.consent;
    const crm: CrmLookup = consent.given ? await tables.readCrm(hashes, deadline) : { kind: 'not_read' };
    const session = { hashes, binding: undefined };
    const { verified } = guest;
    const { profile, enrichment } = visitorOf(session, { consent, verified }, crm, provider, settings);
    const known = crm.kind === 'matched' ? profile : undefined;
    const contactId = known && (await contactOf(hashes, guestId, known, registration?.contact, deadline));
    if (contactId === 'gone') return unknown('guest_gone');
    telemetry.record('visitor_resolved', { sessionHash, enrichment, verified });
    return {
      ...(known && mappedAttributes(known, settings.attributeMap)),
      ...present({ firstName: known?.firstName, email: known?.email, externalContactId: contactId }),
      found: true,
      verified,
      consentGiven: consent.given,
      consentType: consent.type,
      enrichment,
      integrationSource: settings.integrationSource,
    };
  };
};

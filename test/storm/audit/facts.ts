import type { GuestBody } from '../models/genesys.ts';
import type { Plan, Visit } from '../plan.ts';

/** One request and what came back. */
export interface Exchange {
  readonly name: string;
  readonly visit: Visit;
  readonly startedAtMs: number;
  readonly container: string;
  endedAtMs?: number;
  /** Absent where the container died. */
  status?: number;
  body?: Readonly<Record<string, unknown>>;
}

export interface LogLine {
  readonly atMs: number;
  readonly code: string;
  readonly level: string;
  readonly requestId: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A guest as Genesys holds it, and whose it is. */
export interface CreatedGuest {
  readonly id: string;
  /** When its creation was sent; it may take effect long after its container has given up. */
  readonly sentAtMs: number;
  readonly atMs: number;
  readonly by: string;
  readonly container: string;
  readonly session: string;
  readonly body: GuestBody;
  readonly isForgotten: () => boolean;
}

/** One question of a message flow: who is the visitor that wrote? */
export interface Resolving {
  readonly name: string;
  /** Whose response held the reference. */
  readonly exchange: Exchange;
  readonly conversation: string;
  /** How the reference differs from the one that the page was given. */
  readonly forge: string | undefined;
  readonly startedAtMs: number;
  /** Absent where the container died. */
  endedAtMs?: number;
  found?: Readonly<Record<string, unknown>>;
  failed?: string;
}

/** A contact at Genesys was written or deleted. */
export interface ContactEvent {
  readonly kind: 'written' | 'deleted';
  readonly id: string;
  readonly externalId: string;
  readonly session: string;
  readonly sentAtMs: number;
  readonly atMs: number;
  readonly by: string;
  readonly body: string;
}

/** What can be seen from the outside while a world goes on. All times are the world's. */
export interface Facts {
  readonly plan: Plan;
  readonly exchanges: Exchange[];
  readonly resolvings: Resolving[];
  readonly contacts: ContactEvent[];
  readonly logs: LogLine[];
  readonly metrics: Map<string, number>;
  readonly guests: CreatedGuest[];
  /** A request put a guest that another had made into the registry, in place of a third: a session's guest changed. */
  readonly adoptions: { readonly session: string; readonly guestId: string; readonly atMs: number }[];
  /** Creations whose response reached a container. */
  heardCreations: number;
  readonly crashes: { readonly by: string; readonly atMs: number }[];
  readonly crmReads: { readonly atMs: number; readonly session: string; readonly by: string }[];
  readonly loginCalls: {
    readonly fromMs: number;
    untilMs: number;
    readonly by: string;
    readonly container: string;
  }[];
  readonly erasures: { readonly session: string; readonly fromMs: number; untilMs: number }[];
  /** When each session's registration was queued, and when that ended. */
  readonly queued: Map<string, number>;
  readonly secretChanges: number[];
  /** Of those, the ones of what references and tokens are sealed with. */
  readonly clientSecretChanges: number[];
  /** Bodies of messages that the queue gave up. */
  readonly deadLetters: string[];
}

/** A promise that was broken. */
export interface Violation {
  readonly promise: string;
  readonly atMs: number;
  readonly session?: string | undefined;
  readonly text: string;
}

/** A look at everything that happened, from the outside; yields what is broken. */
export type Check = (facts: Facts, startMs: number) => Iterable<Omit<Violation, 'promise'>>;

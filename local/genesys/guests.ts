import { randomBytes, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { type Answer, refuse } from './answer.ts';
import { parseJsonBody } from './json-body.ts';
import type { Settings } from './settings.ts';

const guestSchema = v.strictObject({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(1000)),
  email: v.pipe(v.string(), v.regex(/^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/)),
  consentGiven: v.boolean(),
  consentType: v.picklist(['explicit', 'implicit']),
  attributes: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
});

/** A guest that was created, and how many tokens it was given. */
export type SimulatedGuest = v.InferOutput<typeof guestSchema> & {
  readonly id: string;
  readonly createdAtMs: number;
  readonly tokens: number;
};

export interface Guests {
  readonly all: ReadonlyMap<string, SimulatedGuest>;
  create(contentType: string, body: string, settings: Settings): Answer;
  issueToken(id: string, contentType: string, body: string, settings: Settings): Answer;
  forget(id: string): void;
  /** Told after every change. @returns ends that */
  onChange(listener: () => void): () => void;
  clear(): void;
}

/** The guest endpoints of the tutorial's contract. */
export const createGuests = (now: () => number): Guests => {
  const all = new Map<string, SimulatedGuest>();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    all,
    create: (contentType, body, { requireConsent }) => {
      const guest = parseJsonBody(contentType, body, guestSchema);
      if (requireConsent && !guest.consentGiven) {
        throw refuse(400, 'consent.required', 'The guest has not given consent');
      }
      const id = randomUUID();
      all.set(id, { ...guest, id, createdAtMs: now(), tokens: 0 });
      changed();
      return { status: 201, body: { id, name: guest.name, selfUri: `/api/v2/webchat/v1/guests/${id}` } };
    },
    issueToken: (id, contentType, body, { guestTokenLifetimeSeconds }) => {
      parseJsonBody(contentType, body, v.strictObject({}));
      const guest = all.get(id);
      if (guest === undefined) throw refuse(404, 'not.found', 'The guest does not exist');
      all.set(id, { ...guest, tokens: guest.tokens + 1 });
      return {
        status: 200,
        body: {
          token: randomBytes(64).toString('base64url'),
          expires_at: new Date(now() + guestTokenLifetimeSeconds * 1000).toISOString(),
        },
      };
    },
    forget: (id) => {
      all.delete(id);
      changed();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    clear: () => {
      all.clear();
      changed();
    },
  };
};

import * as v from 'valibot';
import type { Deadline, GuestReference, GuestReferences } from '../guest/ports.ts';
import type { ClientCredentials } from './oauth-request.ts';
import { open, seal } from './seal.ts';

const purpose = 'guest-reference';
/** Longest reference that is made or looked at. */
export const maxReferenceLength = 512;

const content = v.pipe(
  v.string(),
  v.parseJson(),
  v.tuple([v.tupleWithRest([v.string()], v.string()), v.string(), v.number()]),
);

/**
 * A reference that a page hands to Genesys and `resolve` gets back: sealed, and another one each time, since a
 * guest id is logged and seen by agents and must open nothing.
 */
export const sealReference = (
  { hashes, guestId }: GuestReference,
  clientSecret: string,
  nowMs: number,
): string => seal(JSON.stringify([hashes, guestId, nowMs]), clientSecret, purpose);

/** Whom a reference names; undefined where it is forged, altered or sealed under another client secret. */
const openReference = (reference: string, clientSecret: string): GuestReference | undefined => {
  if (reference.length > maxReferenceLength) return undefined;
  const parsed = v.safeParse(content, open(reference, clientSecret, purpose));
  if (!parsed.success) return undefined;
  const [hashes, guestId] = parsed.output;
  return { hashes, guestId };
};

/** Opens references with the secret in use, and once more where the secret turns out to have been rotated. */
export const createGuestReferences = (credentials: {
  current(deadline: Deadline): Promise<ClientCredentials>;
  refreshForForgery(deadline: Deadline): Promise<ClientCredentials | undefined>;
}): GuestReferences => ({
  open: async (reference, deadline) => {
    const opened = openReference(reference, (await credentials.current(deadline)).clientSecret);
    if (opened !== undefined) return opened;
    // Nothing new, or another request has brought it meanwhile.
    const newest = (await credentials.refreshForForgery(deadline)) ?? (await credentials.current(deadline));
    return openReference(reference, newest.clientSecret);
  },
});

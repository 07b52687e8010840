import type { Exchange, Facts } from './facts.ts';

/** How long a guest and what was stated with it are remembered. */
export const guestTtlMs = 86_400_000;

/** Whose request it is. */
export const sessionOf = (requestId: string | undefined): string | undefined => requestId?.split('.')[0];

/** Whether the registry was reported away for a session: then one guest per session holds within a container only. */
export const registryWasAway = ({ logs }: Facts, session: string): boolean =>
  logs.some(
    ({ code, requestId }) =>
      code === 'registry_unavailable' &&
      (sessionOf(requestId) === session || requestId?.startsWith('drain') === true),
  );

/** Whether the CRM team has begun to erase a session. */
export const wasErased = ({ erasures }: Facts, session: string): boolean =>
  erasures.some((erasure) => erasure.session === session);

/** Whether silence at a time comes after a refusal that was answered, with no other statement beside or since. */
export const silenceBroken = (
  facts: Facts,
  session: string,
  atMs: number,
  refusals: readonly Exchange[],
): boolean => {
  const refusal = refusals.findLast(({ endedAtMs = Infinity }) => endedAtMs < atMs);
  if (refusal?.endedAtMs === undefined || atMs - refusal.endedAtMs > guestTtlMs - 60_000) return false;
  const consented = facts.exchanges.some(
    ({ visit, endedAtMs = Infinity }) =>
      visit.session === session && visit.given === true && endedAtMs > refusal.startedAtMs,
  );
  return !consented && !registryWasAway(facts, session) && !wasErased(facts, session);
};

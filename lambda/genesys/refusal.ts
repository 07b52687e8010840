import type { Telemetry } from '../guest/ports.ts';
import type { GenesysEvent } from './events.ts';
import type { Endpoint, Outcome } from './outcome.ts';
import { knownCode, permissionsIn } from './upstream-text.ts';

export type Refusal = Extract<Outcome<never>, { kind: 'refused' }>;

/** Tells the operator that a call was refused for good: why, as far as that can be said without upstream text. */
export const recordRefusal = (
  telemetry: Telemetry<GenesysEvent>,
  endpoint: Endpoint,
  { status, correlationId, problem }: Refusal,
): void => {
  if (status === 403) {
    const permissions = permissionsIn(problem);
    telemetry.record('genesys_permission_missing', { endpoint, permissions, correlationId });
    return;
  }
  const upstreamCode = knownCode(problem.code);
  telemetry.record('genesys_refused', { endpoint, status, upstreamCode, correlationId });
};

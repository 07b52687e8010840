import * as v from 'valibot';
import type { Fault } from './genesys/faults.ts';
import type { GenesysSimulator } from './genesys-simulator.ts';

/** Told to wait longer than a request may take, so that it is queued; served sooner, so that nobody waits for long. */
const limit = { kind: 'limited', seconds: 3, retryAfter: '12' } as const;

/** What the page's switches do to the simulated Genesys; `dead-crm` cuts the tables off instead. */
const faults: Readonly<Record<string, readonly Fault[]>> = {
  none: [],
  limiting: [
    { endpoint: 'guest', ...limit },
    { endpoint: 'guest_token', ...limit },
  ],
  slow: [{ latencyMs: 1500 }],
  down: [{ kind: 'status', status: 503 }],
  'bad-token': [
    { endpoint: 'guest', kind: 'status', status: 401, calls: 1 },
    { endpoint: 'guest_token', kind: 'status', status: 401, calls: 1 },
  ],
  garbage: [
    { endpoint: 'guest', kind: 'garbage' },
    { endpoint: 'guest_token', kind: 'garbage' },
  ],
  'dead-crm': [],
};

const switchSchema = v.object({ fault: v.picklist(Object.keys(faults)) });

export const tourPath = '/tour/fault';

/** Throws the page's fault switches. @returns what the body asks for, applied; undefined where it asks for nothing known */
export const throwSwitch = (
  body: string,
  { genesys, cutTables }: { genesys: GenesysSimulator; cutTables: (cut: boolean) => void },
): string | undefined => {
  let wanted: unknown;
  try {
    wanted = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(switchSchema, wanted);
  if (!parsed.success) return undefined;
  const { fault } = parsed.output;
  genesys.control.clearFaults();
  genesys.control.addFaults(...(faults[fault] ?? []));
  cutTables(fault === 'dead-crm');
  return fault;
};

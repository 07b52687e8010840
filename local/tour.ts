import type { IncomingMessage, ServerResponse } from 'node:http';
import * as v from 'valibot';
import type { Route } from './agent-routes.ts';
import type { Fault } from './genesys/faults.ts';
import type { GenesysSimulator } from './genesys-simulator.ts';
import { readBody } from './http-server.ts';
import { foreignPage } from './tools-only.ts';

/** Told to wait longer than a request may take, so that it is queued; served sooner, so that nobody waits for long. */
const limit = { kind: 'limited', seconds: 3, retryAfter: '12' } as const;

/** What the page's switches do to the simulated Genesys; `dead-crm` cuts the tables off instead. */
const faults = {
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
} as const satisfies Readonly<Record<string, readonly Fault[]>>;

const names = Object.keys(faults) as [keyof typeof faults, ...(keyof typeof faults)[]];
const switchSchema = v.pipe(v.string(), v.parseJson(), v.strictObject({ fault: v.picklist(names) }));

/** Makes one thing go wrong, and whatever went wrong before go right. */
export const spoilTour = (
  fault: string,
  { genesys, cutTables }: { genesys: GenesysSimulator; cutTables: (cut: boolean) => void },
): void => {
  genesys.control.clearFaults();
  genesys.control.addFaults(...faults[v.parse(v.picklist(names), fault)]);
  cutTables(fault === 'dead-crm');
};

const serve = async (
  request: IncomingMessage,
  response: ServerResponse,
  spoil: (fault: string) => void,
): Promise<void> => {
  const parsed = v.safeParse(switchSchema, (await readBody(request)).toString('utf8'));
  if (parsed.success) spoil(parsed.output.fault);
  response.writeHead(parsed.success ? 204 : 400).end();
};

/** The page's fault switches: `POST /tour/fault` with `{ "fault": "slow" }`. Other pages are refused. */
export const tourRoutes =
  (spoil: (fault: string) => void): Route =>
  (request, response, { pathname }) => {
    if (pathname !== '/tour/fault') return false;
    if (foreignPage(request) || request.method !== 'POST') response.writeHead(403).end();
    else serve(request, response, spoil).catch(() => response.destroy());
    return true;
  };

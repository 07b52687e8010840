import { createClients } from './clients.ts';
import { configure, wireResolve } from './wire.ts';

/** The agent's view: invoked by the data action of the organisation's message flow. */
export const handler = await wireResolve({ ...configure(process.env), clients: createClients() });

import { createClients } from './clients.ts';
import { configure, wireInit } from './wire.ts';

/** The API function: `POST /api/webchat/init`. */
export const handler = await wireInit({ ...configure(process.env), clients: createClients() });

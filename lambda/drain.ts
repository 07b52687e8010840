import { createClients } from './clients.ts';
import { configure, wireDrain } from './wire.ts';

/** The overflow worker: an SQS batch of queued registrations. */
export const handler = wireDrain({ ...configure(process.env), clients: createClients() });

import { composeDrain } from './compose-drain.ts';

/** The overflow worker: an SQS batch of queued registrations. */
export const handler = composeDrain(process.env);

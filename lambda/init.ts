import { composeInit } from './compose-init.ts';

/** The API function: `POST /api/webchat/init`. */
export const handler = await composeInit(process.env);

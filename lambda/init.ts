import { composeInit } from './compose.ts';

/** The API function: `POST /api/webchat/init`. */
export const handler = await composeInit(process.env);

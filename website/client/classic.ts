import { connectMessenger, createGuestClient, GuestError } from './entry.ts';

/** For pages without modules: `window.GuestProfiles`. */
Object.assign(globalThis, { GuestProfiles: { createGuestClient, connectMessenger, GuestError } });

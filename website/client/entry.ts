import { connectMessenger as connect } from './connect-messenger.ts';
import { createGuestClient as create } from './guest-client.ts';
import { GuestError as Failure } from './guest-error.ts';
import type * as api from './guest-profiles.d.ts';

// Typed by what is published: a difference does not compile.
export const createGuestClient: typeof api.createGuestClient = create;
export const connectMessenger: typeof api.connectMessenger = connect;
export const GuestError: new (...given: ConstructorParameters<typeof Failure>) => api.GuestError = Failure;

import type { CallListener } from './call-listener.ts';
import { type CallLog, createCallLog, type RecordedCall } from './genesys/call-log.ts';
import type { SimulatedContact } from './genesys/contacts.ts';
import { createFaults, type Fault } from './genesys/faults.ts';
import type { SimulatedGuest } from './genesys/guests.ts';
import { createOrganisation } from './genesys/organisation.ts';
import { serveGenesys } from './genesys/serve.ts';
import type { SettingsChange } from './genesys/settings.ts';
import { listen, type RunningServer } from './http-server.ts';

export interface SimulatorOptions extends SettingsChange {
  readonly port?: number;
  readonly credentials?: { readonly clientId: string; readonly clientSecret: string };
  readonly faults?: readonly Fault[];
  /** Epoch milliseconds; the system's clock by default. */
  readonly now?: () => number;
  readonly onCall?: CallListener;
}

export interface GenesysSimulator extends RunningServer {
  /** Every request that reached it, oldest first. */
  readonly calls: readonly RecordedCall[];
  readonly counts: CallLog['counts'];
  readonly guests: ReadonlyMap<string, SimulatedGuest>;
  readonly contacts: ReadonlyMap<string, SimulatedContact>;
  readonly control: {
    addFaults(...faults: Fault[]): void;
    clearFaults(): void;
    change(settings: SettingsChange): void;
    /** Makes every granted access token worthless. */
    revokeTokens(): void;
    forgetGuest(id: string): void;
    clearCalls(): void;
    /** Forgets everything but the settings. */
    reset(): void;
  };
}

/**
 * Genesys Cloud for one machine: both providers' endpoints, strict about what they are sent, and able to fail.
 * @throws StartError when the port cannot be used, ValiError for unknown settings or faults
 */
export const startGenesysSimulator = async ({
  port,
  credentials,
  faults: initialFaults = [],
  now = Date.now,
  onCall,
  ...settings
}: SimulatorOptions = {}): Promise<GenesysSimulator> => {
  const organisation = createOrganisation({ ...settings, ...credentials }, now);
  const faults = createFaults(now);
  const log = createCallLog();
  for (const fault of initialFaults) faults.add(fault);

  const running = await listen(serveGenesys({ organisation, faults, log, now, onCall }), port);
  return {
    ...running,
    get calls() {
      return log.calls;
    },
    get counts() {
      return log.counts;
    },
    guests: organisation.guests.all,
    contacts: organisation.contacts.all,
    control: {
      addFaults: (...added) => {
        for (const fault of added) faults.add(fault);
      },
      clearFaults: () => faults.clear(),
      change: (change) => organisation.change(change),
      revokeTokens: () => organisation.tokens.revokeAll(),
      forgetGuest: (id) => organisation.guests.forget(id),
      clearCalls: () => log.clear(),
      reset: () => {
        faults.clear();
        log.clear();
        organisation.reset();
      },
    },
  };
};

import { Server } from 'node:http';
import type { DataActionName } from '../infra/build/data-action-files.ts';
import type { CallListener } from './call-listener.ts';
import { type AgentDesktop, createAgentDesktop } from './genesys/agent-desktop.ts';
import { type CallLog, createCallLog, type RecordedCall } from './genesys/call-log.ts';
import type { SimulatedContact } from './genesys/contacts.ts';
import type { Conversation } from './genesys/conversations.ts';
import { readExportedAction } from './genesys/data-actions/exported-action.ts';
import type { ActionFailure } from './genesys/data-actions/run-action.ts';
import { createFaults, type Fault } from './genesys/faults.ts';
import type { SimulatedGuest } from './genesys/guests.ts';
import { createInboundFlow, type FlowActions } from './genesys/inbound-flow.ts';
import { createIntegrations, type InvokeFunction } from './genesys/integrations.ts';
import { createOrganisation } from './genesys/organisation.ts';
import { serveGenesys } from './genesys/serve.ts';
import type { SettingsChange } from './genesys/settings.ts';
import { serveWebMessaging } from './genesys/web-messaging/server.ts';
import { listen, type RunningServer } from './http-server.ts';

/** The inbound message flow of the simulated organisation. */
export interface MessageFlow {
  /** The texts of the exported data actions, by the names of `infra/build/data-action-files.ts`. */
  readonly dataActions: Readonly<Record<DataActionName, string>>;
  readonly invokeFunction: InvokeFunction;
  /** Told when an action goes its failure path; the visitor reaches an agent all the same. */
  readonly onFailure?: (failure: ActionFailure) => void;
}

export interface SimulatorOptions extends SettingsChange {
  readonly port?: number;
  readonly credentials?: { readonly clientId: string; readonly clientSecret: string };
  readonly faults?: readonly Fault[];
  /** Epoch milliseconds; the system's clock by default. */
  readonly now?: () => number;
  readonly onCall?: CallListener;
  /** Without it, conversations go to the agents as they come. */
  readonly flow?: MessageFlow;
}

export interface GenesysSimulator extends RunningServer {
  /** Every request that reached it, oldest first. */
  readonly calls: readonly RecordedCall[];
  readonly counts: CallLog['counts'];
  readonly guests: ReadonlyMap<string, SimulatedGuest>;
  readonly contacts: ReadonlyMap<string, SimulatedContact>;
  readonly conversations: ReadonlyMap<string, Conversation>;
  readonly desktop: AgentDesktop;
  /** Of Web Messaging: `ws://127.0.0.1:<port>`. */
  readonly messagingUrl: string;
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

const actionsOf = (texts: MessageFlow['dataActions']): FlowActions => ({
  whoIsThis: readExportedAction(texts['who-is-this']),
  findCommunication: readExportedAction(texts['find-communication']),
  associateContact: readExportedAction(texts['associate-contact']),
});

/**
 * Genesys Cloud for one machine: both providers' endpoints, Web Messaging, the inbound message flow and the agents'
 * view; strict about what it is sent, and able to fail.
 * @throws StartError when the port cannot be used, ValiError for unknown settings or faults
 */
export const startGenesysSimulator = async ({
  port,
  credentials,
  faults: initialFaults = [],
  now = Date.now,
  onCall,
  flow,
  ...settings
}: SimulatorOptions = {}): Promise<GenesysSimulator> => {
  const organisation = createOrganisation({ ...settings, ...credentials }, now);
  const faults = createFaults(now);
  const log = createCallLog();
  for (const fault of initialFaults) faults.add(fault);

  const { conversations, sessions } = organisation;
  const runFlow =
    flow === undefined
      ? async (conversation: Conversation) => conversations.queue(conversation)
      : createInboundFlow({
          actions: actionsOf(flow.dataActions),
          integrations: createIntegrations(organisation, faults, flow.invokeFunction, now),
          conversations,
          onFailure: flow.onFailure ?? (() => undefined),
        });
  const server = new Server(serveGenesys({ organisation, faults, log, now, onCall }));
  const endSockets = serveWebMessaging(server, {
    sessions,
    conversations,
    settings: () => organisation.settings,
    startFlow: (conversation) => void runFlow(conversation),
    now,
  });
  const running = await listen(server, port);
  return {
    ...running,
    messagingUrl: running.url.replace(/^http/, 'ws'),
    conversations: conversations.all,
    desktop: createAgentDesktop(organisation),
    close: async () => {
      endSockets();
      await running.close();
    },
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

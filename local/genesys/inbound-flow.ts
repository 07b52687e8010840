import type { Conversation, Conversations } from './conversations.ts';
import type { ExportedAction } from './data-actions/exported-action.ts';
import { ActionFailure, type Integrations, runAction } from './data-actions/run-action.ts';

/** The exported data actions that the flow calls, in its order. */
export interface FlowActions {
  readonly whoIsThis: ExportedAction;
  readonly findCommunication: ExportedAction;
  readonly associateContact: ExportedAction;
}

export interface InboundFlowOptions {
  readonly actions: FlowActions;
  readonly integrations: Integrations;
  readonly conversations: Conversations;
  readonly onFailure: (failure: ActionFailure) => void;
}

/** Participant data that the flow sets is called this, then the name that `resolve` uses. */
export const guestDataPrefix = 'guest.';

/** Under which names the page's reference may arrive: the prefix is reported, not published. */
const referenceNames = ['context.guestReference', 'guestReference'] as const;

const outputNames = ({ acceptsOutput }: ExportedAction): readonly string[] => {
  const { schema } = acceptsOutput;
  return typeof schema === 'object' && schema !== null && 'properties' in schema
    ? Object.keys(schema.properties as object)
    : [];
};

/**
 * The organisation's inbound message flow, as docs/genesys.md has an administrator build it: participant data →
 * "who is this" → participant data → associate the contact → queue. Nothing that fails keeps the visitor from an agent.
 */
export const createInboundFlow = ({
  actions,
  integrations,
  conversations,
  onFailure,
}: InboundFlowOptions) => {
  /** The success path, or nothing on the failure path. */
  const attempt = async (
    action: ExportedAction,
    input: Readonly<Record<string, unknown>>,
  ): Promise<Readonly<Record<string, unknown>> | undefined> => {
    try {
      return await runAction(action, input, integrations);
    } catch (error) {
      if (!(error instanceof ActionFailure)) throw error;
      onFailure(error);
      return undefined;
    }
  };

  /**
   * Every name is set, to the empty text where there is no value: what a page may have sent under our names must
   * not survive.
   */
  const setGuest = (conversation: Conversation, output: Readonly<Record<string, unknown>>): void => {
    const set = outputNames(actions.whoIsThis).map((name) => [
      `${guestDataPrefix}${name}`,
      output[name] === undefined ? '' : String(output[name]),
    ]);
    conversations.setAttributes(conversation, Object.fromEntries(set));
  };

  const associate = async (conversation: Conversation, externalContactId: string): Promise<void> => {
    const { id: conversationId } = conversation;
    const found = await attempt(actions.findCommunication, { conversationId });
    const communicationId = found?.['communicationId'];
    if (typeof communicationId !== 'string' || communicationId === '') return;
    await attempt(actions.associateContact, { externalContactId, conversationId, communicationId });
  };

  return async (conversation: Conversation): Promise<void> => {
    const { attributes, id: conversationId } = conversation;
    const guestReference = referenceNames.map((name) => attributes[name]).find(Boolean);
    const known =
      guestReference === undefined
        ? { found: false }
        : await attempt(actions.whoIsThis, { guestReference, conversationId });
    setGuest(conversation, known ?? { found: false });
    const contactId = known?.['externalContactId'];
    if (typeof contactId === 'string' && contactId !== '') await associate(conversation, contactId);
    conversations.queue(conversation);
  };
};

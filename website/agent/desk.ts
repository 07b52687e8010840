/** A conversation as an agent sees it: what `/agent/events` sends. */
export interface DeskConversation {
  readonly id: string;
  /** In the inbound message flow, or with the agents. */
  readonly state: 'flow' | 'queue';
  /** What the message flow has found out, by the names of `resolve`; empty texts left out. */
  readonly guest: Readonly<Record<string, string>>;
  readonly contact?: { readonly id: string; readonly firstName?: string };
  readonly messages: readonly DeskMessage[];
}

export interface DeskMessage {
  readonly id: string;
  readonly at: string;
  readonly from: 'visitor' | 'agent';
  readonly text: string;
}

/** A guest of `webchat-v1`, which carries its own attributes. */
export interface DeskGuest {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly consentGiven: boolean;
  readonly consentType: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** Everything on the agents' desks, latest first. */
export interface Desk {
  readonly conversations: readonly DeskConversation[];
  readonly guests: readonly DeskGuest[];
}

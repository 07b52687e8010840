import type * as api from './guest-profiles.d.ts';

/** After these, the reference belongs to a conversation that is over. */
const endings = [
  'MessagingService.conversationCleared',
  'MessagingService.conversationDisconnected',
  'MessagingService.sessionCleared',
];

/** See guest-profiles.d.ts. Messenger's events and `Database.set`: developer.genesys.cloud, Messenger SDK. */
export const connectMessenger: typeof api.connectMessenger = (
  genesys,
  client,
  { onError = () => undefined, ...consent } = {},
) => {
  const ending = new AbortController();
  const { signal } = ending;
  /** Nothing is asked for a visitor who never opens the chat. */
  let wanted = false;
  let used = false;

  const give = async (renew: boolean): Promise<void> => {
    try {
      const { messaging } = await client.init({ ...consent, renew, signal });
      if (!messaging || signal.aborted) return;
      used = false;
      await new Promise((resolve, reject) => {
        genesys(
          'command',
          'Database.set',
          { messaging: { customAttributes: messaging.customAttributes } },
          resolve,
          reject,
        );
      });
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
  };
  const refresh = async (): Promise<void> => {
    if (wanted) await give(true);
  };
  const on = (event: string, listener: () => void): void => {
    genesys('subscribe', event, () => signal.aborted || listener());
  };

  on('Messenger.opened', () => {
    wanted = true;
    void give(used);
  });
  for (const event of endings) {
    on(event, () => {
      used = true;
      void refresh();
    });
  }
  addEventListener('popstate', refresh, { signal });
  // Not in TypeScript's library for every browser yet.
  const { navigation } = globalThis as { navigation?: EventTarget };
  navigation?.addEventListener('currententrychange', refresh, { signal });
  return { refresh, disconnect: () => ending.abort() };
};

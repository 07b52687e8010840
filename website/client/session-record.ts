import type { GuestClientOptions } from './guest-profiles.d.ts';

/** What is kept of a session: no token, no attribute, nothing that names a person. */
export interface SessionRecord {
  readonly id?: string | undefined;
  /** The visitor declined. */
  readonly refused?: boolean | undefined;
  /** The CRM knew the visitor: an anonymous guest would be a demotion. */
  readonly known?: boolean | undefined;
}

export interface SessionStore {
  /** Whether tabs have it in common: what one of them writes, all read. */
  isShared(): boolean;
  read(): SessionRecord;
  /** Changes what is there now, perhaps by another tab; without changes, forgets. */
  write(changes?: SessionRecord): void;
}

/** 128 random bits; unlike `crypto.randomUUID` also where the page is not served by HTTPS. */
export const randomId = (): string =>
  crypto
    .getRandomValues(new Uint8Array(16))
    .reduce((text, byte) => text + (byte + 256).toString(16).slice(1), '');

export const openSession = (key: string, wanted: GuestClientOptions['storage']): SessionStore => {
  let memory: SessionRecord = {};
  let local: Storage | undefined;
  let storage: Storage | undefined;
  try {
    if (wanted === 'local') {
      local = localStorage;
      storage = local;
    }
  } catch {
    // Blocked: the next one.
  }
  try {
    if (wanted !== 'memory') storage ??= sessionStorage;
  } catch {
    // Blocked as well: memory.
  }
  const read = (): SessionRecord => {
    try {
      memory = JSON.parse((storage as Storage).getItem(key) as string) ?? {};
    } catch {
      // Blocked, or not ours: what memory has.
    }
    return memory;
  };
  return {
    isShared: () => !!storage && storage === local,
    read,
    write: (changes) => {
      memory = changes ? { ...read(), ...changes } : {};
      try {
        if (changes) storage?.setItem(key, JSON.stringify(memory));
        else storage?.removeItem(key);
      } catch {
        // Full, or blocked meanwhile.
        storage = undefined;
      }
    },
  };
};

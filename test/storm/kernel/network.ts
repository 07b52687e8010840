import type { Sandbox } from './sandbox.ts';
import type { Scheduler } from './scheduler.ts';
import type { Dependency, Fault, Twists, Weather } from './twists.ts';

export interface Operation<T> {
  readonly sandbox: Sandbox;
  /** Who asks: a request, a batch, a start. */
  readonly by: string;
  readonly dependency: Dependency;
  /** What is asked for, in words. */
  readonly words: string;
  readonly signal: AbortSignal | undefined;
  /** Takes effect, or fails as the fault says; runs at most once. */
  readonly effect: (fault: Fault | undefined) => T;
  /** A connection that was refused, or broke. */
  readonly broken: (kind: 'refused' | 'reset', aborted: boolean) => Error;
}

export interface Network {
  call<T>(operation: Operation<T>): Promise<T>;
  /** Lets a container be seen to wait for something else, such as the SDK's pause before it repeats. */
  wait<T>(sandbox: Sandbox, words: string, work: Promise<T>): Promise<T>;
  /** What a container still waits for. */
  waitingIn(sandbox: Sandbox): readonly string[];
}

export interface NetworkOptions {
  readonly scheduler: Scheduler;
  readonly twists: Twists;
  readonly weather: (dependency: Dependency) => Weather;
  readonly tell: (sentence: string) => void;
  /** Whether connections may break while their container stands still. */
  readonly cuts: boolean;
}

const faultWords: Readonly<Record<Fault, string>> = {
  refused: 'the connection is refused',
  reset: 'the connection breaks before it takes effect',
  lost: 'it takes effect and the response is lost',
  hang: 'nothing comes of it, for ever',
  silence: 'it takes effect and no response ever comes',
  unavailable: 'the service is unavailable',
  failed_after: 'it takes effect and the response says that it failed',
  throttled: 'it is throttled',
  unprocessed: 'a part of it is left unprocessed',
  stale: 'an eventual read sees the past',
  garbage: 'it takes effect and the response is garbage',
  unauthorised: 'the token is refused',
};

/** Decides when each operation takes effect and when, or whether, its response arrives. */
export const createNetwork = ({ scheduler, twists, weather, tell, cuts }: NetworkOptions): Network => {
  const counts = new Map<string, number>();
  const waiting = new Map<Sandbox, Set<string>>();
  let waits = 0;

  const keyOf = (by: string, words: string): string => {
    const name = `${by}: ${words}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  };

  return {
    wait: async (sandbox, words, work) => {
      const mine = waiting.get(sandbox) ?? new Set();
      waiting.set(sandbox, mine);
      // Two may wait for the same at once.
      waits += 1;
      const name = `${words} (${waits})`;
      mine.add(name);
      try {
        return await work;
      } finally {
        mine.delete(name);
      }
    },

    waitingIn: (sandbox) => [...(waiting.get(sandbox) ?? [])],

    call: async <T>({ sandbox, by, dependency, words, signal, effect, broken }: Operation<T>) =>
      await new Promise<T>((resolve, reject) => {
        const key = keyOf(by, words);
        const { fault, beforeMs, afterMs } = twists.of(key, dependency, weather(dependency));
        const mine = waiting.get(sandbox) ?? new Set();
        waiting.set(sandbox, mine);
        mine.add(key);
        tell(
          `${sandbox.name} sends ${key}${fault === undefined ? '' : `; ${faultWords[fault]}`} [${beforeMs}+${afterMs}]`,
        );

        let settled = false;
        const settle = (end: () => void): void => {
          if (settled) return;
          settled = true;
          mine.delete(key);
          signal?.removeEventListener('abort', onAbort);
          end();
        };
        const onAbort = (): void => settle(() => reject(broken('reset', true)));
        if (signal?.aborted) {
          onAbort();
          return;
        }
        signal?.addEventListener('abort', onAbort, { once: true });

        const arrive = (end: () => void): void => {
          scheduler.after(afterMs, () => {
            // A connection does not always survive that its container stood still.
            const cut =
              cuts && sandbox.isFrozen && twists.choose(`${key}: cut by the freeze`, [0.6, 0.4]) === 1;
            sandbox.deliver(() => settle(cut ? () => reject(broken('reset', false)) : end));
          });
        };
        scheduler.after(beforeMs, () => {
          if (fault === 'refused') return arrive(() => reject(broken('refused', false)));
          if (fault === 'reset') return arrive(() => reject(broken('reset', false)));
          if (fault === 'hang') return undefined;
          const silent = fault === 'lost' || fault === 'silence';
          const result = effect(silent ? undefined : fault);
          if (fault === 'silence') return undefined;
          return arrive(() => (fault === 'lost' ? reject(broken('reset', false)) : resolve(result)));
        });
      }),
  };
};

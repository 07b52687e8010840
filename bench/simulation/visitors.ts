import { guestProblems, problems } from '../../lambda/contract.ts';
import type { GuestError } from '../../lambda/guest/errors.ts';
import { assumptions } from './assumptions.ts';
import type { Chance } from './chance.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What the website's page is told. */
export type Answer =
  | { readonly kind: 'issued' }
  | { readonly kind: 'queued'; readonly retryAfterSeconds: number }
  | { readonly kind: 'failed'; readonly error: GuestError };

export type Api = (sessionId: string) => Promise<Answer>;

export interface VisitorCounts {
  sessions: number;
  /** Sessions whose first answer was a guest and a token. */
  atOnce: number;
  /** Sessions that got both later. */
  later: number;
  /** Sessions that never did. */
  lost: number;
  requests: number;
  reloads: number;
  /** Loads of the page again that did not get a token. */
  reloadsLost: number;
  /** Answers with an error. */
  errors: number;
  /** From the first request to the token, for those who got it later. */
  readonly waitsMs: number[];
}

const { doubleClickShare, doubleClickMs, reloadShare, reloadMeanMs, maxErrors, patienceMs } =
  assumptions.visitor;

/** Visitors who come at random, ask for a chat, wait as they are told, and leave when it takes too long. */
export const createVisitors = (clock: VirtualClock, chance: Chance, api: Api) => {
  let here = 0;
  let arriving = true;
  const counts: VisitorCounts = {
    sessions: 0,
    atOnce: 0,
    later: 0,
    lost: 0,
    requests: 0,
    reloads: 0,
    reloadsLost: 0,
    errors: 0,
    waitsMs: [],
  };

  const ask = async (sessionId: string): Promise<Answer> => {
    counts.requests += 1;
    const answer = await api(sessionId);
    if (answer.kind === 'failed') counts.errors += 1;
    return answer;
  };

  /** Asks until there is a token. @returns the number of requests, or undefined where the visitor has left */
  const visit = async (sessionId: string): Promise<number | undefined> => {
    const leavesAtMs = clock.now() + patienceMs;
    let errors = 0;
    for (let requests = 1; ; requests += 1) {
      const answer = await ask(sessionId);
      if (answer.kind === 'issued') return requests;
      if (answer.kind === 'failed') {
        const { code } = answer.error;
        errors += 1;
        // The queue has given up: asking again within 15 minutes brings the same answer.
        if (
          !problems[guestProblems[code].code].retryable ||
          code === 'registration_failed' ||
          errors >= maxErrors
        ) {
          return undefined;
        }
      }
      const told =
        answer.kind === 'queued' ? answer.retryAfterSeconds : (answer.error.retryAfterSeconds ?? 2 ** errors);
      if (clock.now() + told * 1000 > leavesAtMs) return undefined;
      await clock.sleep(told * 1000);
    }
  };

  const loadAgain = async (sessionId: string): Promise<void> => {
    counts.reloads += 1;
    if ((await visit(sessionId)) === undefined) counts.reloadsLost += 1;
  };

  const arrive = async (sessionId: string): Promise<void> => {
    counts.sessions += 1;
    here += 1;
    const startedAtMs = clock.now();
    // All chance at once: the same visitors come whatever the answers are.
    const clicksTwice = chance.random() < doubleClickShare;
    const reloads = chance.random() < reloadShare;
    const reloadsAfterMs = chance.untilMs(reloadMeanMs);
    if (clicksTwice) clock.after(doubleClickMs, () => void ask(sessionId));
    const requests = await visit(sessionId);
    if (requests === undefined) counts.lost += 1;
    else if (requests === 1) counts.atOnce += 1;
    else {
      counts.later += 1;
      counts.waitsMs.push(clock.now() - startedAtMs);
    }
    if (requests !== undefined && reloads) {
      await clock.sleep(reloadsAfterMs);
      await loadAgain(sessionId);
    }
    here -= 1;
  };

  return {
    counts,
    /** Lets visitors come, so many a minute, for so long. */
    come: (ratePerMinute: number, forMs: number): void => {
      const endMs = clock.now() + forMs;
      const next = () => {
        const afterMs = chance.untilMs(60_000 / ratePerMinute);
        if (clock.now() + afterMs > endMs) {
          arriving = false;
          return;
        }
        clock.after(afterMs, () => {
          void arrive(`session-${counts.sessions + 1}`);
          next();
        });
      };
      next();
    },
    /** Whether all have come and all are served or gone. */
    gone: (): boolean => !arriving && here === 0,
  };
};

import { restEvent } from '../support/http-world.ts';
import type { Held, LambdaContainer } from '../support/lambda-container.ts';
import type { FunctionName, Stack } from '../support/stack.ts';
import { type ContainerBook, openContainerBook, type SiteBook } from './book.ts';

/** How many containers of a function there are. */
export interface Size {
  /** Live through the whole run, and are measured. */
  readonly steady: number;
  /** May be ended at any moment, and are replaced. */
  readonly mortal: number;
}

interface Member {
  readonly container: LambdaContainer;
  readonly book: ContainerBook;
  readonly isMortal: boolean;
  isBusy: boolean;
  isFrozen: boolean;
}

/** An invocation that its container did not live to answer. */
export class CutError extends Error {
  override readonly name = 'CutError';
}

export interface Measured {
  readonly name: string;
  /** Invocations so far. */
  readonly served: number;
  /** Guests that it made so far: it remembers up to ten thousand of them, for while the registry is away. */
  readonly made: number;
  readonly held: Held;
}

const lastRequests = {
  init: [restEvent({}), 'Refused'],
  drain: [{ Records: [] }, 'batch'],
  resolve: [{ guestReference: 'none', conversationId: 'none' }, 'ResolveUnknown'],
} as const;

/** The containers of one provider: each serves one invocation at a time, and is frozen in between, as in Lambda. */
export const createFleet = (
  stack: Stack,
  site: SiteBook,
  environment: Readonly<Record<string, string>>,
  random: () => number,
) => {
  const members: Member[] = [];
  const waiting: { readonly functionName: FunctionName; readonly take: (member: Member) => void }[] = [];
  const served = new Map<Member, number>();
  let replaced = 0;

  const start = async (functionName: FunctionName, isMortal: boolean): Promise<void> => {
    const { book, onOutput } = openContainerBook(site, functionName);
    const container = await stack.container(environment, functionName, { onOutput });
    const member = { container, book, isMortal, isBusy: true, isFrozen: false };
    members.push(member);
    giveBack(member);
  };

  const giveBack = (member: Member): void => {
    member.isBusy = false;
    if (!members.includes(member)) return;
    const next = waiting.findIndex(({ functionName }) => functionName === member.book.functionName);
    if (next === -1) {
      // Lambda freezes a container that has nothing to do; half of them here, so that both are seen.
      member.isFrozen = random() < 0.5;
      if (member.isFrozen) member.container.freeze();
      return;
    }
    const [{ take } = { take: () => undefined }] = waiting.splice(next, 1);
    member.isBusy = true;
    take(member);
  };

  const acquire = async (functionName: FunctionName): Promise<Member> => {
    const idle = members.filter(({ book, isBusy }) => book.functionName === functionName && !isBusy);
    const chosen = idle[Math.floor(random() * idle.length)];
    if (chosen === undefined) return await new Promise((take) => waiting.push({ functionName, take }));
    chosen.isBusy = true;
    if (chosen.isFrozen) chosen.container.thaw();
    chosen.isFrozen = false;
    return chosen;
  };

  return {
    start: async (sizes: Readonly<Partial<Record<FunctionName, Size>>>): Promise<void> => {
      const all = Object.entries(sizes) as [FunctionName, Size][];
      await Promise.all(
        all.flatMap(([functionName, { steady, mortal }]) =>
          Array.from({ length: steady + mortal }, async (_, n) => await start(functionName, n >= steady)),
        ),
      );
    },
    /** Invokes a container that is free. @throws CutError, and what the function threw */
    invoke: async <Result>(
      functionName: FunctionName,
      event: unknown,
      requestId: string,
      classOf: (result: Result) => string,
    ): Promise<Result> => {
      const member = await acquire(functionName);
      const { container, book } = member;
      const answered = (kind: string) => book.answers.set(kind, (book.answers.get(kind) ?? 0) + 1);
      served.set(member, (served.get(member) ?? 0) + 1);
      try {
        const result = await container.invoke<Result>(event, { requestId });
        answered(classOf(result));
        return result;
      } catch (error) {
        if (!(error as Error).message.includes('the container has ended')) {
          answered(functionName === 'resolve' ? 'ResolveFailed' : 'thrown');
          throw error;
        }
        book.cut += 1;
        throw new CutError(requestId);
      } finally {
        giveBack(member);
      }
    },
    /** Ends a mortal container in the middle of whatever it does, and starts another in its place. */
    replaceOne: async (): Promise<void> => {
      const mortal = members.filter(({ isMortal }) => isMortal);
      const victim = mortal.find(({ isBusy }) => isBusy) ?? mortal[0];
      if (victim === undefined) return;
      members.splice(members.indexOf(victim), 1);
      victim.book.ended = true;
      victim.container.kill();
      replaced += 1;
      await start(victim.book.functionName, true);
    },
    /** Stops a container that works, in the middle of it, for a time. */
    freezeOne: async (forMs: number, sleep: (ms: number) => Promise<void>): Promise<void> => {
      const victim = members.find(({ isBusy }) => isBusy);
      if (victim === undefined) return;
      victim.container.freeze();
      await sleep(forMs);
      victim.container.thaw();
    },
    /** What each container that lived through the run holds; only while nobody asks anything. */
    measure: async (): Promise<readonly Measured[]> =>
      await Promise.all(
        members
          .filter(({ isMortal }) => !isMortal)
          .map(async (member) => {
            member.container.thaw();
            member.isFrozen = false;
            const held = await member.container.probe();
            const { name, codes } = member.book;
            return { name, served: served.get(member) ?? 0, made: codes.get('guest_created') ?? 0, held };
          }),
      ),
    /** Invocations of the container that served most of those that are measured. */
    mostServed: (): number =>
      Math.max(0, ...members.filter(({ isMortal }) => !isMortal).map((member) => served.get(member) ?? 0)),
    /** One request more for each container, which writes the metrics that are left. @returns how many */
    flush: async (): Promise<number> => {
      await Promise.all(
        members.map(async ({ container, book: { functionName, answers } }) => {
          const [event, kind] = lastRequests[functionName];
          container.thaw();
          await container.invoke(event);
          answers.set(kind, (answers.get(kind) ?? 0) + 1);
        }),
      );
      return members.filter(({ book }) => book.functionName !== 'drain').length;
    },
    replaced: (): number => replaced,
  };
};

import type { Exchange, Resolving } from './audit/facts.ts';
import type { createFleet } from './containers.ts';
import type { World } from './world.ts';

type ResolveFleet = ReturnType<typeof createFleet<'resolve'>>;

/** Infrastructure: the function's own time limit. */
const resolveLimitMs = 6000;

/** One question of the organisation's message flow, after its visitor has got a reference. */
interface Question {
  readonly afterMs: number;
  readonly conversation: string;
  /** What a page can make of the reference that it was given. */
  readonly forge?: 'altered' | 'respelt' | 'token' | 'guest id';
}

const minute = 60_000;
const soon = [20, 300, 2000, 15_000] as const;
const late = [minute, 5 * minute, 15 * minute] as const;
const forgeries = ['altered', 'respelt', 'token', 'guest id'] as const;

const forged = (kind: Question['forge'], body: Readonly<Record<string, unknown>>, own: string): string => {
  if (kind === 'altered') return `${own.slice(0, 40)}${own[40] === 'A' ? 'B' : 'A'}${own.slice(41)}`;
  if (kind === 'respelt') return `${own}=`;
  if (kind === 'token') return String(body['accessToken']);
  return kind === 'guest id' ? String(body['guestId']) : own;
};

/** The reference in a response of `init`, with provider `web-messaging`. */
export const referenceIn = (body: Readonly<Record<string, unknown>>): string | undefined => {
  const messaging = body['messaging'] as { customAttributes?: { guestReference?: string } } | undefined;
  return messaging?.customAttributes?.guestReference;
};

/** Visitors who write, and the message flow that asks who they are. */
export const createAgents = (world: World, fleet: ResolveFleet) => {
  const { scheduler, twists, auditor, chance } = world;
  const { facts } = auditor;

  /** The first kind is a visitor who never writes. */
  const questionsFor = (name: string): Question[] => {
    const kind = twists.choose(`${name}: the visitor writes`, [4, 4, 1, 1, 1, 2, 1]);
    const nearMs = chance.pick(`writes ${name}`, soon);
    const farMs = chance.pick(`writes late ${name}`, late);
    const besideMs = nearMs + chance.below(`beside ${name}`, 120);
    const [own, other] = [`c-${name}`, `c-${name}-other`];
    const first: Question = { afterMs: nearMs, conversation: own };
    switch (kind) {
      case 0:
        return [];
      case 1:
        return [first];
      case 2:
        return [first, { ...first, afterMs: besideMs }];
      case 3:
        return [first, { afterMs: besideMs, conversation: other }];
      case 4:
        return [first, { afterMs: farMs, conversation: other }];
      case 5:
        return [{ ...first, afterMs: farMs }];
      default:
        return [
          { afterMs: nearMs, conversation: other, forge: chance.pick(`forges ${name}`, forgeries) },
          { afterMs: farMs, conversation: own },
        ];
    }
  };

  const ask = (exchange: Exchange, question: Question, name: string): void => {
    const { body = {}, visit } = exchange;
    const { conversation, forge } = question;
    const own = referenceIn(body) ?? '';
    const resolving: Resolving = { name, exchange, conversation, forge, startedAtMs: scheduler.now() };
    facts.resolvings.push(resolving);
    const of = `${forge === undefined ? 'the' : `a forged (${forge})`} reference of ${exchange.name}`;
    world.tell(`${name}: the flow of ${conversation} asks with ${of}`);
    fleet.invoke(
      name,
      resolveLimitMs,
      async (handler, context) => {
        Object.assign(resolving, { startedAtMs: scheduler.now() });
        const event = { guestReference: forged(forge, body, own), conversationId: conversation };
        try {
          return await handler(event, { ...context, awsRequestId: name });
        } catch (error) {
          return error as Error;
        }
      },
      (result) => {
        if (result === undefined) return;
        Object.assign(resolving, { endedAtMs: scheduler.now() });
        if (result instanceof Error) resolving.failed = `${result.name}: ${result.message}`;
        else resolving.found = result;
        const told = resolving.found?.found === true ? 'the visitor' : (resolving.failed ?? 'nobody');
        world.tell(`${name} gets ${told}`);
        auditor.resolved(name, visit.session, resolving.failed ?? JSON.stringify(result));
      },
    );
  };

  /** A page has got its reference. */
  return (exchange: Exchange): void => {
    if (referenceIn(exchange.body ?? {}) === undefined) return;
    for (const [index, question] of questionsFor(exchange.name).entries()) {
      const name = `${exchange.name}.ask${index + 1}`;
      scheduler.after(question.afterMs, () => ask(exchange, question, name));
    }
  };
};

/** What the function `resolve` answers, by the reference that it is asked with. */
export type ResolveAnswers = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * A stand-in for the function `resolve`, by the contract: a reference belongs to the first conversation that presents
 * it, everything else is `{ "found": false }`, and an event that is none is a function error.
 */
export const createFakeResolve = (answers: ResolveAnswers) => {
  const owners = new Map<string, string>();
  const events: unknown[] = [];
  const invoke = async (event: unknown): Promise<object> => {
    events.push(event);
    const { guestReference, conversationId } = event as Record<string, unknown>;
    for (const text of [guestReference, conversationId]) {
      if (typeof text !== 'string' || text === '') throw new Error('The event is not one of resolve.');
    }
    const reference = String(guestReference);
    const answer = Object.hasOwn(answers, reference) ? answers[reference] : undefined;
    if (answer === undefined) return { found: false };
    const owner = owners.get(reference) ?? String(conversationId);
    owners.set(reference, owner);
    return owner === conversationId ? answer : { found: false };
  };
  return { invoke, events };
};

import type { TableWrite } from '../models/dynamodb.ts';
import type { Item } from '../models/expressions.ts';
import type { Violation } from './facts.ts';

/** What no log line, table, message, address or error may ever hold. */
const personal = /sid-secret-|@customers\.example|Firstname-|tok-(?:oauth|guest)-|client-secret-|crm-s\d/;

/** Two clocks may differ by a second; a lease or guest that is closer to its end proves nothing. */
const marginMs = 1500;

const number = (item: Item | undefined, name: string): number => Number(item?.[name]?.['N'] ?? 0);
const text = (item: Item | undefined, name: string): unknown => item?.[name]?.['S'];
const isRefusal = (item: Item | undefined): boolean =>
  item?.['consentGiven']?.['BOOL'] === false && item['consentStated']?.['BOOL'] === true;

type Found = Omit<Violation, 'atMs' | 'session'>;

/** What is wrong with one write to the registry: its history must be that of leases and guests. */
export function* checkWrite({ before, after, by }: TableWrite, nowMs: number): Generator<Found> {
  if (after !== undefined && personal.test(JSON.stringify(after))) {
    yield {
      promise: 'nothing personal where it may not be',
      text: `${by} wrote something personal to the registry`,
    };
  }
  const owner = text(before, 'leaseOwner');
  const next = text(after, 'leaseOwner');
  if (
    owner !== undefined &&
    next !== undefined &&
    owner !== next &&
    number(before, 'leaseUntil') > nowMs + marginMs
  ) {
    yield { promise: 'lease histories are linearisable', text: `${by} took a lease that was held` };
  }
  const isOver =
    number(before, 'expiresAt') * 1000 <= nowMs + marginMs && before?.['expiresAt'] !== undefined;
  if (isOver || by.startsWith('erase')) return;
  if (
    text(before, 'guestId') !== undefined &&
    number(before, 'guestExpiresAt') > nowMs + marginMs &&
    text(after, 'guestId') === undefined
  ) {
    yield { promise: 'entry histories are linearisable', text: `${by} removed a guest that was good` };
  }
  if (isRefusal(before) && after?.['consentGiven'] === undefined) {
    yield { promise: 'entry histories are linearisable', text: `${by} removed the evidence of a refusal` };
  }
}

/** What is wrong with a text that leaves the functions. */
export function* checkText(where: string, content: string): Generator<Found> {
  const [match] = personal.exec(content) ?? [];
  if (match !== undefined) {
    yield { promise: 'nothing personal where it may not be', text: `${where} holds ${match}…` };
  }
}

/** Guest references and guest session tokens are sealed: long, and as good as random. */
const sealed = /(?<![\w-])[\w-]{90,}/;

/** What is wrong with a line that holds something sealed: it opens a session to whoever reads it. */
export function* checkSealed(where: string, content: string): Generator<Found> {
  if (sealed.test(content)) {
    yield { promise: 'nothing personal where it may not be', text: `${where} holds something sealed` };
  }
}

/** What a message flow may not be told: anything of somebody else, or of how the customer is known elsewhere. */
export function* checkResolved(name: string, session: string, content: string): Generator<Found> {
  const rest = content
    .replaceAll(`Firstname-${session}.`, '')
    .replaceAll(`"${session}@customers.example"`, '""');
  yield* checkText(`the result of ${name}`, rest);
  yield* checkSealed(`the result of ${name}`, content);
}

/** What a response to one visitor may not show. */
export function* checkResponse(
  name: string,
  status: number,
  body: string,
  firstName: string,
): Generator<Found> {
  const rest = status === 200 ? body.replaceAll(firstName, '').replaceAll(/"tok-guest-\d+"/g, '""') : body;
  yield* checkText(`the response to ${name}`, rest);
}

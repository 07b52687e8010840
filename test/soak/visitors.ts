import { restEvent } from '../support/http-world.ts';
import { CutError } from './fleet.ts';
import { createSessions, type Session } from './sessions.ts';
import type { Site } from './site.ts';

interface ProxyResult {
  readonly statusCode: number;
  readonly body: string;
}

type InvalidRequest = readonly [body: unknown, event?: Parameters<typeof restEvent>[1]];
const invalid: readonly [InvalidRequest, ...InvalidRequest[]] = [
  ['not json'],
  [{}],
  [{ sessionId: '' }],
  [{ sessionId: 'sid-secret-x', consentType: 'maybe' }],
  [{ sessionId: 'sid-secret-x', ConsentGiven: false }],
  [{ sessionId: 'sid-secret-x', filler: 'x'.repeat(9000) }],
  [{ sessionId: 'sid-secret-x' }, { method: 'GET' }],
  [{ sessionId: 'sid-secret-x' }, { headers: { 'Content-Type': 'text/plain' } }],
  [{ sessionId: 'sid-secret-x' }, { headers: { Origin: 'https://elsewhere.example' } }],
];

/** The class of a response, as the metrics count it. */
export const classOf = ({ statusCode }: ProxyResult): string => {
  if (statusCode === 200) return 'Issued';
  if (statusCode === 202) return 'Queued';
  return statusCode < 500 ? 'Refused' : 'Failed';
};

/** Visitors of one provider, and the agents that look them up. What they see and should not is in `broken`. */
export const createVisitors = (site: Site, random: () => number) => {
  const { fleet, provider } = site;
  const sessions = createSessions(site, random);
  const ownerOf = new Map<string, number>();
  const tokens = new Set<string>();
  const broken: string[] = [];
  let requests = 0;

  const note = (session: Session, { statusCode, body }: ProxyResult): void => {
    session.isServed = statusCode === 200;
    if (body.includes('sid-secret-') || body.includes('@customers.example')) {
      broken.push(`a response ${statusCode} shows a session id or an e-mail address`);
    }
    if (statusCode !== 200) return;
    const { guestId, accessToken, messaging } = JSON.parse(body);
    const owner = ownerOf.get(guestId) ?? session.index;
    ownerOf.set(guestId, session.index);
    if (owner !== session.index) broken.push(`session ${session.index} got a guest of session ${owner}`);
    if (provider === 'webchat-v1' && tokens.has(accessToken)) broken.push('a guest token was given twice');
    tokens.add(accessToken);
    session.reference = messaging?.customAttributes?.guestReference;
  };

  const visit = async (session: Session): Promise<void> => {
    requests += 1;
    session.visits += 1;
    session.inFlight += 1;
    session.isServed = false;
    const requestId = `s${session.index}-${session.visits}`;
    const event = restEvent(
      { sessionId: session.id, ...session.statement },
      { requestContext: { requestId } },
    );
    const { consentGiven = 'silent', consentType = '' } = session.statement;
    let ending = 'thrown';
    try {
      const result = await fleet.invoke<ProxyResult>('init', event, requestId, classOf);
      ending = String(result.statusCode);
      note(session, result);
    } catch (error) {
      if (error instanceof CutError) ending = 'container ended';
      else broken.push(`init threw: ${String(error).slice(0, 200)}`);
    } finally {
      session.inFlight -= 1;
      session.trail.push(`${requestId} ${consentGiven} ${consentType}: ${ending}`);
    }
  };

  const sendNonsense = async (): Promise<void> => {
    requests += 1;
    const [body, event] = invalid[requests % invalid.length] ?? invalid[0];
    try {
      const { statusCode } = await fleet.invoke<ProxyResult>(
        'init',
        restEvent(body, event),
        `n-${requests}`,
        classOf,
      );
      if (statusCode < 400 || statusCode >= 500) broken.push(`an invalid request got ${statusCode}`);
    } catch (error) {
      if (!(error instanceof CutError)) broken.push(`init threw: ${String(error).slice(0, 200)}`);
    }
  };

  const resolve = async (session: Session): Promise<void> => {
    if (session.reference === undefined) return await visit(session);
    requests += 1;
    const guestReference = session.reference;
    session.reference = undefined;
    const event = { guestReference, conversationId: `conversation-${requests}` };
    const requestId = `r-${requests}`;
    const kindOf = ({ found }: { found: boolean }) => (found ? 'Resolved' : 'ResolveUnknown');
    try {
      const seen = await fleet.invoke<{ found: boolean; firstName?: string }>(
        'resolve',
        event,
        requestId,
        kindOf,
      );
      if (seen.firstName !== undefined && seen.firstName !== `Firstname-${session.index}`) {
        broken.push(`an agent saw another customer than session ${session.index}`);
      }
    } catch {
      // The flow takes its failure path; the book counts it.
    }
  };

  return {
    sessions,
    tokens: tokens as ReadonlySet<string>,
    broken: broken as readonly string[],
    requests: (): number => requests,
    visit,
    /** One thing that somebody does. */
    step: async (): Promise<void> => {
      const dice = random();
      const known = sessions.recent();
      if (known === undefined || dice < 0.4) return await visit(await sessions.create());
      if (dice < 0.5) {
        const twice = random() < 0.5 ? await sessions.create() : known;
        await Promise.all([visit(twice), visit(twice)]);
        return;
      }
      if (dice < 0.6 && known.inFlight === 0) {
        sessions.stateAnew(known);
        return await visit(known);
      }
      if (dice < 0.68) return await sendNonsense();
      if (dice < 0.84 && provider === 'web-messaging') return await resolve(known);
      return await visit(known);
    },
  };
};
export type Visitors = ReturnType<typeof createVisitors>;

import { createHash } from 'node:crypto';
import { restEvent } from '../support/http-world.ts';
import { CutError } from './fleet.ts';
import type { Site } from './site.ts';

interface Statement {
  readonly consentGiven?: boolean;
  readonly consentType?: 'explicit' | 'implicit';
}

export interface Session {
  readonly index: number;
  readonly id: string;
  readonly hash: string;
  statement: Statement;
  visits: number;
  inFlight: number;
  /** Different statements, one after the other. */
  changes: number;
  /** Whether its last request got a guest and a token. */
  isServed: boolean;
  /** What it asked, in which container, and what it got, in the order of the responses. */
  readonly trail: string[];
  /** Of its last response, with provider `web-messaging`. */
  reference?: string | undefined;
}

interface ProxyResult {
  readonly statusCode: number;
  readonly body: string;
}

const statements: readonly Statement[] = [
  { consentGiven: true, consentType: 'explicit' },
  { consentGiven: true, consentType: 'implicit' },
  { consentGiven: false },
  {},
];

const invalid: readonly [body: unknown, event?: Parameters<typeof restEvent>[1]][] = [
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

const recentSessions = 200;

/** Visitors of one provider, and the agents that look them up. What they see and should not is in `broken`. */
export const createVisitors = (site: Site, random: () => number) => {
  const { fleet, stack, provider } = site;
  const sessions: Session[] = [];
  const bySession = new Map<string, Session>();
  const ownerOf = new Map<string, number>();
  const tokens = new Set<string>();
  const shortHashes = new Set<string>();
  const broken: string[] = [];
  let requests = 0;

  const pick = <One>(from: readonly One[]): One => from[Math.floor(random() * from.length)] as One;

  const create = async (): Promise<Session> => {
    let salt = 0;
    let id: string;
    let hash: string;
    do {
      id = `sid-secret-${provider}-${sessions.length}-${salt++}`;
      hash = createHash('sha256').update(id).digest('hex');
      // Anonymous guests are told apart by these eight digits.
    } while (shortHashes.has(hash.slice(0, 8)));
    shortHashes.add(hash.slice(0, 8));
    const index = sessions.length;
    const session: Session = {
      index,
      id,
      hash,
      statement: pick(statements),
      visits: 0,
      inFlight: 0,
      changes: 0,
      isServed: false,
      trail: [],
    };
    sessions.push(session);
    bySession.set(hash, session);
    if (random() < 0.4) {
      await stack.seed(id, {
        email: `${hash.slice(0, 8)}@customers.example`,
        firstName: `Firstname-${index}`,
        tier: `Tier-${index}`,
        previousTickets: index,
        crmId: `crm-secret-${index}`,
      });
    }
    return session;
  };

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
    const [body, event] = pick(invalid);
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

  const again = (): Session | undefined => pick(sessions.slice(-recentSessions));

  return {
    sessions: sessions as readonly Session[],
    find: (hash: string): Session | undefined => bySession.get(hash),
    /** What a session did, for people. */
    storyOf: (hash: string): string => bySession.get(hash)?.trail.join(', ') ?? 'unknown session',
    /** How often a session had a reason for another guest: it was new, stated something else, the secret changed. */
    reasonsOf: (hash: string): number => {
      const session = bySession.get(hash);
      return session === undefined ? 0 : 1 + session.changes + site.rotations();
    },
    tokens: tokens as ReadonlySet<string>,
    broken: broken as readonly string[],
    requests: (): number => requests,
    visit,
    /** One thing that somebody does. */
    step: async (): Promise<void> => {
      const dice = random();
      const known = again();
      if (known === undefined || dice < 0.4) return await visit(await create());
      if (dice < 0.5) {
        const twice = random() < 0.5 ? await create() : known;
        await Promise.all([visit(twice), visit(twice)]);
        return;
      }
      if (dice < 0.6 && known.inFlight === 0) {
        known.statement = pick(statements);
        known.changes += 1;
        return await visit(known);
      }
      if (dice < 0.68) return await sendNonsense();
      if (dice < 0.84 && provider === 'web-messaging') return await resolve(known);
      return await visit(known);
    },
  };
};
export type Visitors = ReturnType<typeof createVisitors>;

import { createHash } from 'node:crypto';
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

const statements: readonly Statement[] = [
  { consentGiven: true, consentType: 'explicit' },
  { consentGiven: true, consentType: 'implicit' },
  { consentGiven: false },
  {},
];

const recentSessions = 200;

/** The sessions of one provider's visitors; two in five are customers, whom the CRM knows. */
export const createSessions = ({ stack, provider, rotations }: Site, random: () => number) => {
  const sessions: Session[] = [];
  const byHash = new Map<string, Session>();
  const shortHashes = new Set<string>();

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
    byHash.set(hash, session);
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

  return {
    all: sessions as readonly Session[],
    create,
    /** One of those that came last. */
    recent: (): Session | undefined => pick(sessions.slice(-recentSessions)),
    /** Its visitor changes their mind. */
    stateAnew: (session: Session): void => {
      session.statement = pick(statements);
      session.changes += 1;
    },
    find: (hash: string): Session | undefined => byHash.get(hash),
    /** What a session did, for people. */
    storyOf: (hash: string): string => byHash.get(hash)?.trail.join(', ') ?? 'unknown session',
    /** How often a session had a reason for another guest: it was new, stated something else, the secret changed. */
    reasonsOf: (hash: string): number => {
      const session = byHash.get(hash);
      return session === undefined ? 0 : 1 + session.changes + rotations();
    },
  };
};

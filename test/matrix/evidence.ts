import type { Lane } from './lane.ts';
import type { Row } from './observation.ts';
import { entryOf, type Visit } from './visit.ts';

/** What the registry and the queue hold of a visit at a time. */
export const leftBehind = async (
  row: Row,
  lane: Lane,
  visit: Visit,
  nowMs: number,
): Promise<readonly string[]> => {
  const entry = await entryOf(lane, visit);
  const login = (await lane.items()).find(({ sessionHash }) => sessionHash?.S?.startsWith('oauth#'));
  const isLive = (value: { N?: string } | undefined): boolean => Number(value?.N) > nowMs;
  const messages = lane.overflow.messages().length;
  return [
    ...(entry?.['guestId'] === undefined ? [] : ['guest']),
    ...(isLive(entry?.['leaseUntil']) ? ['lease'] : []),
    ...(entry?.['queuedAt'] === undefined ? [] : ['queued']),
    ...(entry?.['failedAt'] === undefined ? [] : ['failed']),
    ...(messages === 0 ? [] : [messages === 1 ? 'message' : `${messages} messages`]),
    ...(isLive(login?.['pausedUntil']) ? ['login pause'] : []),
    ...(isLive(login?.['leaseUntil']) ? ['login lease'] : []),
    ...(row.subject === 'resolve' && entry?.['contactId'] !== undefined ? ['contact'] : []),
  ];
};

/** What must be found nowhere, and is. */
export const leaksIn = async (
  lane: Lane,
  visit: Visit,
  texts: readonly string[],
): Promise<readonly string[]> => {
  const { genesys, credentials } = lane.stack;
  const tokens = genesys.calls.map(
    ({ headers }) => String(headers['authorization'] ?? '').split(' ')[1] ?? '',
  );
  const secrets = {
    'session id': [visit.sessionId],
    'e-mail address': [visit.email],
    'first name': [visit.firstName],
    'customer id': [visit.crmId],
    'client secret': [credentials.clientSecret],
    'guest reference': visit.reference === undefined ? [] : [visit.reference],
    'guest token': visit.tokens,
    'access token': [...new Set(tokens)].filter((token) => token.length > 10),
  };
  const searched = [
    ...texts,
    ...genesys.calls.map(({ path }) => path),
    JSON.stringify(lane.overflow.messages()),
    JSON.stringify(await lane.items()),
  ].join('\n');
  return Object.entries(secrets)
    .filter(([, needles]) => needles.some((needle) => searched.includes(needle)))
    .map(([name]) => name);
};

/** How often a log code was written about a session. */
export const linesAbout = (hash: string, code: string, output: string): number =>
  output.split('\n').filter((line) => line.includes(`"${code}"`) && line.includes(hash)).length;

/** Lines that no container may write: a defect shows like this. */
export const crashesIn = (output: string): readonly string[] =>
  output.split('\n').filter((line) => line.includes('UNHANDLED') || /^\s+at /.test(line));

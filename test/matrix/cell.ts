import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { metricsIn } from '../support/stack.ts';
import { dependencyOf } from './dependencies.ts';
import { isMissingTrace } from './expectations.ts';
import { faultOf, wireFaultOf } from './faults.ts';
import type { Budgets, Lane } from './lane.ts';
import { workerMs } from './lane.ts';
import { type Cell, codesIn, type Row, type State } from './observation.ts';
import { limitGuests, scenarios } from './scenarios.ts';
import { contactsOf, entryOf, guestsOf, newVisit, type Visit } from './visit.ts';

/** Longer than any circuit stays open and any lease lasts. */
const restMs = 12_000;
/** After this a secret is read again. */
const secretAgeMs = 301_000;
/** How long is waited for what is written after the response. */
const traceMs = 4500;

const until = async (holds: () => boolean, limitMs: number): Promise<void> => {
  for (const endMs = performance.now() + limitMs; !holds() && performance.now() < endMs; ) await sleep(20);
};

const budgetOf = ({ subject }: Row, budgets: Budgets): number => {
  if (subject === 'drain') return workerMs - 1000;
  return subject === 'resolve' ? budgets.resolveMs : budgets.initMs;
};

/** Brings a warm container to call what it would not call: a token is obtained, and in the worker the secret for it. */
const endToken = async ({ subject, dependency }: Row, lane: Lane): Promise<void> => {
  const isAskedWithToken = subject === 'drain' && dependency === 'secrets';
  if (dependency !== 'oauth' && dependency !== 'vault' && !isAskedWithToken) return;
  lane.stack.genesys.control.revokeTokens();
  await lane.stack.forgetToken();
};

/** How long a warm container has been left alone: until the secret is stale, or its clock is off anew. */
const idleMs = ({ dependency, fault }: Row): number => {
  if (dependency === 'secrets') return secretAgeMs;
  return fault === 'signature-skew' ? (faultOf(fault).skewMs ?? 0) : 0;
};

const leftBehind = async (row: Row, lane: Lane, visit: Visit, nowMs: number): Promise<readonly string[]> => {
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
const leaksIn = async (lane: Lane, visit: Visit, texts: readonly string[]): Promise<readonly string[]> => {
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

const begin = async (row: Row, lane: Lane): Promise<void> => {
  const { front } = dependencyOf(row.dependency);
  if (row.dependency === 'queue') limitGuests(lane);
  await lane.fronts[row.over][front].begin(wireFaultOf(row.dependency, row.fault));
};

const end = async (row: Row, lane: Lane): Promise<void> => {
  await lane.fronts[row.over][dependencyOf(row.dependency).front].end();
  lane.stack.genesys.control.clearFaults();
};

/** How long has to pass until the container may be expected to try again. */
const passMs = ({ dependency, fault }: Row): number => {
  const seconds = dependency === 'queue' ? 60 : (faultOf(fault).namedWaitSeconds ?? 0);
  return Math.max(restMs, seconds * 1000 + 5000);
};

const count = (output: string, code: string, hash: string): number =>
  output.split('\n').filter((line) => line.includes(`"${code}"`) && line.includes(hash)).length;

/** One cell: the fault, what the function made of it, and what comes after. */
export const runCell = async (
  row: Row,
  lane: Lane,
  budgets: Budgets,
  warm?: LambdaContainer,
): Promise<{ readonly cell: Cell; readonly container: LambdaContainer }> => {
  const scenario = scenarios[row.subject];
  const front = lane.fronts[row.over][dependencyOf(row.dependency).front];
  await lane.clear();
  if (warm !== undefined) await lane.passTime(idleMs(row));
  const visit = await newVisit(lane);
  await scenario.prepare(lane, visit);
  if (warm === undefined) await lane.stack.forgetToken();
  else await endToken(row, lane);
  front.clear();
  await begin(row, lane);
  const container = warm ?? (await lane.container(row));
  const offset = warm === undefined ? 0 : container.output().length;
  const creations = lane.stack.genesys.counts.guest;

  const startedMs = performance.now();
  const asked = await scenario.ask(lane, container, visit).catch((error: unknown) => ({
    answer: 'died',
    text: String(error),
    faults: [],
  }));
  const durationMs = performance.now() - startedMs;
  const written = (): string => container.output().slice(offset);
  await until(() => written().includes('"_aws"'), 2000);
  // A server may learn of a refused certificate after its client has answered.
  await until(() => front.met > 0 || row.fault === 'refused', 500);
  const traceOf = () => ({ codes: codesIn(written()), metrics: metricsIn(written()) });
  await until(() => !isMissingTrace(row, asked.answer, traceOf()), traceMs);

  const nowMs = Date.now() + lane.aheadMs + (faultOf(row.fault).skewMs ?? 0);
  const observed = {
    ...asked,
    durationMs,
    budgetMs: budgetOf(row, budgets),
    met: front.met,
    calls: front.calls.filter(dependencyOf(row.dependency).matches).length,
    creations: lane.stack.genesys.counts.guest - creations,
    guests: row.subject === 'resolve' ? contactsOf(lane, visit) : sum(guestsOf(lane, visit)),
    left: await leftBehind(row, lane, visit, nowMs),
    ...traceOf(),
  };
  await end(row, lane);
  await lane.passTime(passMs(row));
  const afterwards = await scenario
    .follow(lane, container, visit)
    .catch((error: unknown) => [`afterwards: ${String(error)}`]);
  const output = lane.stack.output();
  const { known: knownGuests, anonymous } = guestsOf(lane, visit);
  const cell: Cell = {
    ...observed,
    // What happened beside the response is counted with the next one.
    ...(isMissingTrace(row, asked.answer, observed) ? traceOf() : {}),
    afterwards,
    extraGuests: Math.max(0, knownGuests - 1) + Math.max(0, anonymous - 1),
    orphans: count(output, 'guest_orphaned', visit.hash),
    unknownGuests: count(output, 'guest_unknown', visit.hash),
    leaks: await leaksIn(lane, visit, [written(), asked.text]),
    crashes: written()
      .split('\n')
      .filter((line) => line.includes('UNHANDLED') || /^\s+at /.test(line)),
  };
  return { cell, container };
};

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, each) => total + each, 0);

/** Cold, then warm: a container of its own. */
export const runRow = async (
  row: Row,
  lane: Lane,
  budgets: Budgets,
): Promise<Readonly<Record<State, Cell>>> => {
  try {
    const { cell, container } = await runCell(row, lane, budgets);
    const warm = await runCell(row, lane, budgets, container);
    return { cold: cell, warm: warm.cell };
  } finally {
    await lane.dismiss();
  }
};

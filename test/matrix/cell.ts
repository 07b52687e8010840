import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { metricsIn } from '../support/stack.ts';
import { dependencyOf } from './dependencies.ts';
import { crashesIn, leaksIn, leftBehind, linesAbout } from './evidence.ts';
import { isMissingTrace } from './expectations.ts';
import { faultOf } from './faults.ts';
import type { Lane } from './lane.ts';
import { type Cell, codesIn, type Row, type State, type Trace } from './observation.ts';
import { scenarios } from './scenarios.ts';
import { type Budgets, budgetOf } from './settings.ts';
import { beginFault, endFault, makeReady, passMs } from './stage.ts';
import { contactsOf, guestsOf, newVisit, type Visit } from './visit.ts';

/** How long is waited for what is written after the response. */
const traceMs = 4500;

const until = async (holds: () => boolean, limitMs: number): Promise<void> => {
  for (const endMs = performance.now() + limitMs; !holds() && performance.now() < endMs; ) await sleep(20);
};

interface Subject {
  readonly row: Row;
  readonly lane: Lane;
  readonly visit: Visit;
  readonly container: LambdaContainer;
  readonly budgetMs: number;
  /** What the container has written since the cell began. */
  readonly written: () => string;
}

/** All that is seen until the response is there and what belongs to it has been written. */
const observe = async ({ row, lane, visit, container, budgetMs, written }: Subject) => {
  const fronts = lane.fronts[row.over];
  const front = fronts[dependencyOf(row.dependency).front];
  const startedMs = performance.now();
  const asked = await scenarios[row.subject].ask(lane, container, visit).catch((error: unknown) => ({
    answer: 'died',
    text: String(error),
    faults: [],
  }));
  const durationMs = performance.now() - startedMs;
  const trace = (): Trace => ({ codes: codesIn(written()), metrics: metricsIn(written()) });
  await until(() => written().includes('"_aws"'), 2000);
  // A server may learn of a refused certificate after its client has answered.
  await until(() => front.met > 0 || row.fault === 'refused', 500);
  await until(() => !isMissingTrace(row, asked.answer, trace()), traceMs);
  const nowMs = Date.now() + lane.containers.aheadMs + (faultOf(row.fault).skewMs ?? 0);
  const { known, anonymous } = guestsOf(lane, visit);
  return {
    ...asked,
    durationMs,
    budgetMs,
    met: front.met,
    calls: front.calls.filter(dependencyOf(row.dependency).matches).length,
    creations: fronts.api.calls.filter(({ operation }) => operation === 'guest').length,
    guests: row.subject === 'resolve' ? contactsOf(lane, visit) : known + anonymous,
    left: await leftBehind(row, lane, visit, nowMs),
    ...trace(),
  };
};

/** The fault is over: what comes after it, and what can only be said at the end. */
const conclude = async ({ row, lane, visit, container, written }: Subject, text: string) => {
  await endFault(row, lane);
  await lane.containers.passTime(passMs(row));
  const afterwards = await scenarios[row.subject]
    .follow(lane, container, visit)
    .catch((error: unknown) => [`afterwards: ${String(error)}`]);
  const output = lane.stack.output();
  const { known, anonymous } = guestsOf(lane, visit);
  return {
    afterwards,
    extraGuests: Math.max(0, known - 1) + Math.max(0, anonymous - 1),
    orphans: linesAbout(visit.hash, 'guest_orphaned', output),
    unknownGuests: linesAbout(visit.hash, 'guest_unknown', output),
    leaks: await leaksIn(lane, visit, [written(), text]),
    crashes: crashesIn(written()),
  };
};

/** One cell: the fault, what the function made of it, and what comes after. */
const runCell = async (
  row: Row,
  lane: Lane,
  budgets: Budgets,
  warm?: LambdaContainer,
): Promise<{ readonly cell: Cell; readonly container: LambdaContainer }> => {
  const visit = await newVisit(lane);
  await makeReady(row, lane, visit, warm !== undefined);
  await beginFault(row, lane);
  const container = warm ?? (await lane.containers.start(row));
  const offset = warm === undefined ? 0 : container.output().length;
  const written = (): string => container.output().slice(offset);
  const subject = { row, lane, visit, container, budgetMs: budgetOf(row, budgets), written };
  const observed = await observe(subject);
  const concluded = await conclude(subject, observed.text);
  // What happened beside the response is counted with the next one.
  const late = isMissingTrace(row, observed.answer, observed)
    ? { codes: codesIn(written()), metrics: metricsIn(written()) }
    : {};
  return { cell: { ...observed, ...concluded, ...late }, container };
};

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
    await lane.containers.dismiss();
  }
};

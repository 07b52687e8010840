import { createHash } from 'node:crypto';
import { createAgents } from './agents.ts';
import { prepareAwsClients } from './aws-clients.ts';
import { createFleet } from './containers.ts';
import { replaceTimers } from './kernel/timers.ts';
import { createPoller, createTeams, createVisitor } from './people.ts';
import type { Plan } from './plan.ts';
import { createWorld, type Outcome } from './world.ts';

/** Runs worlds one after the other; everything on standard output belongs to the world meanwhile. */
export const createStorm = async () => {
  const makeAwsClients = await prepareAwsClients();
  replaceTimers();
  Math.random = () => {
    throw new Error('This chance is no seed’s: it would give each run another trace.');
  };
  // The logger reads variables with each line, and the process's own are slow.
  process.env = { ...process.env };

  return async (plan: Plan, { traced = false } = {}): Promise<Outcome> => {
    const trace: string[] = [];
    const world = createWorld(plan, trace);
    const { auditor, scheduler, twists } = world;
    const streams = [process.stdout, process.stderr] as const;
    const writes = streams.map((stream) => stream.write);
    const capture = ((chunk: string | Uint8Array) => {
      for (const line of String(chunk).split('\n')) {
        if (line === '') continue;
        auditor.line(line);
        const { code, requestId } = auditor.facts.logs.at(-1) ?? {};
        if (traced && !line.includes('"_aws"')) world.tell(`  log ${code} (${requestId})`);
      }
      return true;
    }) as typeof process.stdout.write;
    for (const stream of streams) stream.write = capture;
    // Thousands of errors are a world's daily bread; nobody reads where each was made.
    const { stackTraceLimit } = Error;
    if (!traced) Error.stackTraceLimit = 0;
    try {
      const init = createFleet(world, 'init', makeAwsClients);
      const drain = createFleet(world, 'drain', makeAwsClients);
      createTeams(world, init, makeAwsClients);
      const agents = createAgents(world, createFleet(world, 'resolve', makeAwsClients));
      createVisitor(world, init, agents);
      createPoller(world, drain);
      if (!(await scheduler.run())) {
        const promise = 'nothing left running after an answer';
        auditor.violations.push({ promise, text: 'the world never comes to rest', atMs: scheduler.now() });
      }
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      for (const [index, stream] of streams.entries()) stream.write = writes[index] ?? stream.write;
    }
    const { facts } = auditor;
    facts.deadLetters.push(...world.sqs.dead.map(({ body }) => body));
    const violations = auditor.finish();
    return {
      plan,
      violations,
      twists: Object.fromEntries(twists.used),
      trace,
      counts: {
        sessions: plan.sessions.length,
        requests: facts.exchanges.length,
        resolvings: facts.resolvings.length,
        guests: facts.guests.length,
        faults: [...twists.used.values()].filter(
          (twist) => typeof twist === 'object' && twist.fault !== undefined && twist.fault !== 'stale',
        ).length,
        logins: facts.loginCalls.length,
      },
    };
  };
};
export type Storm = Awaited<ReturnType<typeof createStorm>>;

/** A short name of everything that happened: equal traces, equal digests. */
export const digestOf = (trace: readonly string[]): string =>
  createHash('sha256').update(trace.join('\n')).digest('hex').slice(0, 16);

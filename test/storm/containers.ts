import { type Config, readConfig } from '../../lambda/config.ts';
import { createObservability } from '../../lambda/telemetry/observability.ts';
import { wireDrain, wireInit, wireResolve } from '../../lambda/wire.ts';
import type { prepareAwsClients } from './aws-clients.ts';
import { connectAws, connectGenesys } from './connections.ts';
import { createSandbox, type Sandbox } from './kernel/sandbox.ts';
import { runInside } from './kernel/timers.ts';
import { busyMs } from './plan.ts';
import { tables, type World } from './world.ts';

type MakeAwsClients = Awaited<ReturnType<typeof prepareAwsClients>>;

/** The functions as they are wired in production. */
interface Handlers {
  readonly init: Awaited<ReturnType<typeof wireInit>>;
  readonly drain: ReturnType<typeof wireDrain>;
  readonly resolve: Awaited<ReturnType<typeof wireResolve>>;
}
type Kind = keyof Handlers;

interface Container<K extends Kind> {
  readonly sandbox: Sandbox;
  handler: Handlers[K] | undefined;
  busy: boolean;
  readonly version: number;
  /** What it works on. */
  by: string;
}

export interface Fleet<K extends Kind> {
  /**
   * Runs one invocation in a warm container or a new one. `undefined`: the container died, or Lambda ended it.
   */
  invoke<T>(
    name: string,
    limitMs: number,
    work: (handler: Handlers[K], context: { getRemainingTimeInMillis(): number }) => Promise<T>,
    end: (result: T | undefined, container: string) => void,
  ): void;
  /** From now on every new invocation runs in containers of a new version. */
  deploy(): void;
}

const environmentOf = ({ plan }: World): Record<string, string> => ({
  GENESYS_SECRET_ID: 'genesys',
  CRM_TABLE_NAME: tables.crm,
  GUEST_TABLE_NAME: tables.registry,
  ALLOWED_ORIGINS: '*',
  GUEST_PROVIDER: plan.provider,
  GENESYS_BASE_URL: 'https://api.mypurecloud.de',
  SESSION_VERIFICATION: plan.verification,
  WEB_MESSAGING_DEPLOYMENT_ID: 'deployment-1',
  EXTERNAL_SOURCE_ID: 'source-1',
  LOG_LEVEL: 'INFO',
  ...(plan.mapsEmail
    ? {
        ATTRIBUTE_MAP: '{"crmTier":"tier","historicalTickets":"previousTickets","contactMail":"email"}',
      }
    : {}),
  ...(plan.exposes ? {} : { EXPOSED_CRM_ATTRIBUTES: '' }),
  ...(plan.queue ? { OVERFLOW_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/overflow' } : {}),
});

/** Lambda: one invocation at a time in each container, which stands still in between and may be gone any time. */
export const createFleet = <K extends Kind>(
  world: World,
  kind: K,
  makeAwsClients: MakeAwsClients,
): Fleet<K> => {
  const { scheduler, twists, chance, network, auditor } = world;
  const config: Config = readConfig(environmentOf(world));
  let containers: Container<K>[] = [];
  let version = 1;
  let started = 0;

  const wire = async (container: Container<K>, random: () => number): Promise<Handlers[K]> => {
    const { sandbox } = container;
    const speaker = (): string => container.by;
    const { clock } = sandbox;
    const sleep = async (ms: number): Promise<void> =>
      await network.wait(sandbox, 'the SDK repeats a call', clock.sleep(ms));
    const clients = {
      ...makeAwsClients(connectAws(world, sandbox, speaker), { ...clock, sleep }),
      transport: connectGenesys(world, sandbox, speaker),
    };
    const observability = createObservability(config);
    const parts = { config, observability, clients, clock, random };
    const wires = { init: wireInit, drain: wireDrain, resolve: wireResolve };
    return (await wires[kind](parts)) as Handlers[K];
  };

  const start = (): Container<K> => {
    started += 1;
    const name = `${kind} container ${started}`;
    const skewMs = chance.below(`skew ${name}`, 301) - 150;
    const sandbox = createSandbox(name, scheduler, skewMs);
    const container: Container<K> = {
      sandbox,
      handler: undefined,
      busy: true,
      version,
      by: `start of ${name}`,
    };
    containers.push(container);
    return container;
  };

  const die = (container: Container<K>): void => {
    container.sandbox.kill();
    for (const call of auditor.facts.loginCalls) {
      if (call.container === container.sandbox.name) call.untilMs = Math.min(call.untilMs, scheduler.now());
    }
    containers = containers.filter((other) => other !== container);
  };

  const pick = (name: string): Container<K> => {
    const idle = containers.filter(
      (one) => !one.busy && one.handler !== undefined && one.version === version,
    );
    if (idle.length === 0) return start();
    const chosen = twists.choose(`${name}: its container`, [...idle.map(() => 1), 0.1]);
    const container = idle[chosen] ?? start();
    container.busy = true;
    return container;
  };

  const run: Fleet<K>['invoke'] = (name, limitMs, work, end) => {
    const container = pick(name);
    const { sandbox } = container;
    let ended = false;

    const finish = (result: Parameters<typeof end>[0]): void => {
      if (ended) return;
      ended = true;
      limit.fire = undefined;
      end(result, sandbox.name);
      // The runtime has the response: from here on nothing runs.
      scheduler.after(0, () => {
        if (!sandbox.isAlive) return;
        const left = network.waitingIn(sandbox);
        auditor.left(name, left, sandbox.pendingTimers);
        sandbox.freeze();
        container.busy = false;
        if (twists.choose(`${name}: its container ends after it`, [0.96, 0.04]) === 1) die(container);
      });
    };
    const crash = (why: string): void => {
      if (ended) return;
      world.tell(`${sandbox.name} ${why} while it works on ${name}`);
      auditor.facts.crashes.push({ by: name, atMs: scheduler.now() });
      die(container);
      ended = true;
      end(undefined, sandbox.name);
    };
    let limit = scheduler.after(limitMs + 10_000, () => crash('is ended by Lambda'));

    const invoke = (): void => {
      const { handler } = container;
      if (handler === undefined) throw new Error(`${sandbox.name} has not started`);
      container.by = name;
      const endMs = scheduler.now() + limitMs;
      limit.fire = undefined;
      limit = scheduler.at(endMs, () => crash('is ended by Lambda'));
      const mayDie = world.plan.mood === 'everything' && scheduler.now() < world.startMs + busyMs;
      if (mayDie && twists.choose(`${name}: its container dies`, [0.98, 0.02]) === 1) {
        scheduler.after(chance.below(`dies ${name}`, 1500), () => crash('dies'));
      }
      const context = { getRemainingTimeInMillis: () => endMs - scheduler.now() };
      world.tell(`${sandbox.name} begins ${name}`);
      runInside(sandbox, async () => await work(handler, context)).then(finish, (error: unknown) => {
        auditor.violations.push({
          promise: 'every request answered once, within its budget',
          text: `${name} threw ${error instanceof Error ? error.message : error}`,
          atMs: scheduler.now(),
        });
        finish(undefined);
      });
    };

    if (container.handler !== undefined) {
      const stoodMs = scheduler.now() - sandbox.frozenSinceMs;
      if (stoodMs > 1000) world.tell(`${sandbox.name} wakes after ${Math.round(stoodMs / 1000)} s`);
      const first = twists.choose(`${name}: comes before what was overdue`, [0.5, 0.5]) === 1;
      if (first) scheduler.after(0, () => sandbox.deliver(invoke));
      sandbox.thaw();
      if (!first) scheduler.after(0, () => sandbox.deliver(invoke));
      return;
    }
    let draws = 0;
    const random = (): number => {
      draws += 1;
      return chance.of(`random ${sandbox.name} ${draws}`);
    };
    world.tell(`${sandbox.name} starts for ${name}`);
    scheduler.after(150 + chance.below(`cold ${name}`, 500), () =>
      sandbox.deliver(() => {
        runInside(sandbox, async () => await wire(container, random)).then(
          (handler) => {
            container.handler = handler;
            scheduler.after(0, () => sandbox.deliver(invoke));
          },
          () => crash('cannot start'),
        );
      }),
    );
  };

  return {
    invoke: run,
    deploy: () => {
      version += 1;
    },
  };
};

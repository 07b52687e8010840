import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AgentView, resolveTimeout } from './agent-view.ts';
import type { DeployedSettings } from './command-line.ts';
import { CrmTeamAccess } from './crm-team-access.ts';
import { DeployerAccess } from './deployer-access.ts';
import { GuestApi } from './edge/guest-api.ts';
import { functionEnvironment } from './environment-variables.ts';
import { GenesysSecret } from './genesys-secret.ts';
import { type FunctionCode, GuestFunction, type GuestFunctionProps, initTimeout } from './guest-function.ts';
import { GuestTables } from './guest-tables.ts';
import { Keys } from './keys.ts';
import { addOutputs } from './outputs.ts';
import { Overflow } from './overflow.ts';
import { OverflowWorker } from './overflow-worker.ts';
import { grantDrain, grantInit, grantResolve } from './permissions.ts';
import { Release } from './release.ts';
import { workerConcurrency } from './settings.ts';
import { Watching } from './watching/watching.ts';

const workerTimeout = Duration.seconds(60);

interface GuestStackProps extends StackProps {
  readonly settings: DeployedSettings;
  readonly code: FunctionCode;
}

/** Everything of one environment. */
export class GuestStack extends Stack {
  constructor(scope: Construct, id: string, { settings, code, ...props }: GuestStackProps) {
    super(scope, id, props);
    const { keepData } = settings;
    const keys = new Keys(this, 'Keys', { keepData });
    const tables = new GuestTables(this, 'Tables', { settings, key: keys.data });
    const { secret } = new GenesysSecret(this, 'Genesys', { settings, key: keys.data });
    const overflow = new Overflow(this, 'Overflow', { key: keys.data, keepData, workerTimeout });
    const resources = { tables, secret, key: keys.data, queue: overflow.queue };

    const shared = {
      settings,
      logKey: keys.operations,
      memoryMb: settings.memoryMb,
      environment: functionEnvironment(settings, {
        secretId: secret.secretArn,
        crmTableName: tables.crm.tableName,
        guestTableName: tables.guests.tableName,
        overflowQueueUrl: overflow.queue.queueUrl,
      }),
    };
    const init = new GuestFunction(this, 'Init', {
      ...shared,
      description: 'Registers a visitor as guest of Genesys Cloud: POST /api/webchat/init',
      code: code.init,
      timeout: initTimeout(settings),
      reservedConcurrency: settings.reservedConcurrency,
    });
    grantInit(resources, init.permissions);
    const drain = new GuestFunction(this, 'Drain', {
      ...shared,
      description: 'Registers the visitors that wait in the overflow queue',
      code: code.drain,
      timeout: workerTimeout,
      // Where nothing is reserved for visitors, the event source's own limit has to do.
      reservedConcurrency: settings.reservedConcurrency === undefined ? undefined : workerConcurrency,
    });
    grantDrain(resources, drain.permissions);
    const worker = new OverflowWorker(this, 'OverflowWorker', {
      queue: overflow.queue,
      worker: drain.function,
      enabled: !settings.closed,
    });

    const { agentView: asked } = settings;
    const agentView =
      asked === undefined ? undefined : this.agentView({ ...shared, code: code.resolve }, asked, resources);

    const release = new Release(this, 'Release', {
      settings,
      function: init.function,
      logGroup: init.logGroup,
    });
    const api = new GuestApi(this, 'Api', {
      settings,
      function: release.live,
      logKey: keys.operations,
    });
    const watching = new Watching(this, 'Watching', {
      settings,
      key: keys.operations,
      api,
      init,
      drain,
      release,
      tables,
      overflow,
      agentView,
    });
    const deployment = release.rollBackOn(watching.rollbackAlarms);
    const crmTeam = new CrmTeamAccess(this, 'CrmTeam', resources);
    const deployer = new DeployerAccess(this, 'Deployer', { secret, resolve: agentView?.live });

    addOutputs(this, {
      settings,
      secret,
      tables,
      overflow,
      api,
      init,
      drain,
      worker,
      deployment,
      watching,
      crmTeam,
      deployer,
      agentView,
    });
  }

  private agentView(
    shared: Omit<GuestFunctionProps, 'description' | 'timeout'>,
    agentView: NonNullable<DeployedSettings['agentView']>,
    resources: Parameters<typeof grantResolve>[0],
  ): AgentView {
    const resolve = new GuestFunction(this, 'Resolve', {
      ...shared,
      description: 'Says who a visitor is, to the message flow of Genesys Cloud',
      timeout: resolveTimeout,
    });
    grantResolve(resources, resolve.permissions);
    return new AgentView(this, 'AgentView', { settings: shared.settings, agentView, resolve });
  }
}

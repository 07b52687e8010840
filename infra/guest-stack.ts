import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { CrmTeamAccess } from './crm-team-access.ts';
import { GuestApi } from './edge/guest-api.ts';
import { functionEnvironment, genesysUrls } from './environment-variables.ts';
import { GenesysSecret } from './genesys-secret.ts';
import { type FunctionCode, GuestFunction, initTimeout } from './guest-function.ts';
import { GuestTables } from './guest-tables.ts';
import { Keys } from './keys.ts';
import { Overflow } from './overflow.ts';
import { OverflowWorker } from './overflow-worker.ts';
import { grantDrain, grantInit } from './permissions.ts';
import { Release } from './release.ts';
import type { Settings } from './settings.ts';
import { Watching } from './watching/watching.ts';

const workerTimeout = Duration.seconds(60);

interface GuestStackProps extends StackProps {
  readonly settings: Settings;
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
      reservedConcurrency: OverflowWorker.concurrency,
    });
    grantDrain(resources, drain.permissions);
    new OverflowWorker(this, 'OverflowWorker', {
      queue: overflow.queue,
      worker: drain.function,
      enabled: !settings.closed,
    });

    const release = new Release(this, 'Release', { settings, function: init.function });
    const api = new GuestApi(this, 'Api', {
      settings,
      function: release.live as IFunction,
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
    });
    release.rollBackOn(watching.rollbackAlarms);
    const access = new CrmTeamAccess(this, 'CrmTeam', resources);

    const urls = genesysUrls(settings);
    this.output('EnvironmentName', settings.name);
    this.output('ApiUrl', api.url);
    if (api.domainTarget !== undefined) this.output('ApiDomainTarget', api.domainTarget);
    this.output('CrmTableName', tables.crm.tableName);
    this.output('GuestTableName', tables.guests.tableName);
    this.output('GenesysSecretArn', secret.secretArn);
    if (settings.existingSecret === undefined) {
      this.output(
        'FillSecretCommand',
        `aws secretsmanager put-secret-value --secret-id ${secret.secretArn} --secret-string file://genesys-secret.json`,
      );
    }
    this.output('GuestProvider', settings.provider);
    this.output('GenesysBaseUrl', urls.base);
    this.output('GenesysLoginUrl', urls.login);
    if (settings.webMessaging !== undefined) {
      this.output('ExternalSourceId', settings.webMessaging.externalSourceId);
    }
    this.output('OverflowQueueUrl', overflow.queue.queueUrl);
    this.output('AlarmTopicArn', watching.topic.topicArn);
    this.output('CrmTeamPolicyArn', access.records.managedPolicyArn);
    this.output('CrmErasurePolicyArn', access.secret.managedPolicyArn);
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { value });
  }
}

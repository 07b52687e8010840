import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { AgentView } from './agent-view.ts';
import type { CrmTeamAccess } from './crm-team-access.ts';
import type { DeployerAccess } from './deployer-access.ts';
import type { GuestApi } from './edge/guest-api.ts';
import { genesysUrls } from './environment-variables.ts';
import type { GuestFunction } from './guest-function.ts';
import type { GuestTables } from './guest-tables.ts';
import { closeNow, openNow } from './kill-switch.ts';
import type { Overflow } from './overflow.ts';
import type { OverflowWorker } from './overflow-worker.ts';
import type { Settings } from './settings.ts';
import type { Watching } from './watching/watching.ts';

interface Parts {
  readonly settings: Settings;
  readonly secret: ISecret;
  readonly tables: GuestTables;
  readonly overflow: Overflow;
  readonly api: GuestApi;
  readonly init: GuestFunction;
  readonly drain: GuestFunction;
  readonly worker: OverflowWorker;
  readonly deployment: LambdaDeploymentGroup;
  readonly watching: Watching;
  readonly crmTeam: CrmTeamAccess;
  readonly deployer: DeployerAccess;
  readonly agentView: AgentView | undefined;
}

type Output = readonly [name: string, value: string | undefined, description: string];

const forTools = ({ settings, secret, tables, overflow, api }: Parts): Output[] => {
  const urls = genesysUrls(settings);
  return [
    ['EnvironmentName', settings.name, 'Name of the environment'],
    ['ApiUrl', api.url, 'Base URL of the API, for smoke and the website'],
    ['ApiDomainTarget', api.domainTarget, 'Where a DNS record of the custom domain points to'],
    ['CrmTableName', tables.crm.tableName, 'Table of customer records'],
    ['GuestTableName', tables.guests.tableName, 'Registry of guests'],
    ['GenesysSecretArn', secret.secretArn, 'Secret with the Genesys credentials and session keys'],
    ['GuestProvider', settings.provider, 'How guests are registered'],
    ['GenesysBaseUrl', urls.base, 'API host of Genesys Cloud'],
    ['GenesysLoginUrl', urls.login, 'OAuth host of Genesys Cloud'],
    ['ExternalSourceId', settings.webMessaging?.externalSourceId, 'External source of contacts'],
    ['OverflowQueueUrl', overflow.queue.queueUrl, 'Queue of registrations that wait'],
  ];
};

const forOperators = (parts: Parts): Output[] => {
  const { settings, secret, api, init, drain, overflow, worker, deployment, watching } = parts;
  const { crmTeam, deployer, agentView } = parts;
  const edge = { restApiId: api.api.restApiId, stage: api.api.deploymentStage.stageName };
  const fill = `aws secretsmanager put-secret-value --secret-id ${secret.secretArn} --secret-string file://genesys-secret.json`;
  return [
    [
      'FillSecretCommand',
      settings.existingSecret === undefined ? fill : undefined,
      'Fills the secret from a file that only you can read',
    ],
    [
      'CloseNowCommand',
      closeNow(edge, worker.sourceId),
      'Closes the API within seconds, past CloudFormation',
    ],
    ['OpenNowCommand', openNow(edge, worker.sourceId), 'Takes CloseNowCommand back'],
    ['InitFunctionName', init.function.functionName, 'API function'],
    ['DrainFunctionName', drain.function.functionName, 'Overflow worker'],
    [
      'ResolveFunctionArn',
      agentView?.live.functionArn,
      'Function of the data action at Genesys Cloud: paste it there',
    ],
    [
      'ResolveRoleArn',
      agentView?.role.roleArn,
      'Credentials of the AWS Lambda integration at Genesys Cloud: paste it there',
    ],
    ['ResolveLogGroup', agentView?.resolve.logGroup.logGroupName, "Log of the agent's view"],
    ['InitLogGroup', init.logGroup.logGroupName, 'Log of the API function'],
    ['DrainLogGroup', drain.logGroup.logGroupName, 'Log of the overflow worker'],
    ['AccessLogGroup', api.accessLog.logGroupName, 'One line a request of the API'],
    ['ExecutionLogGroup', api.executionLog.logGroupName, "Errors of API Gateway's own"],
    ['DeadLetterQueueUrl', overflow.deadLetters.queueUrl, 'Messages that no worker could read'],
    ['DeploymentApplication', deployment.application.applicationName, 'CodeDeploy application of releases'],
    ['DeploymentGroup', deployment.deploymentGroupName, 'CodeDeploy group of releases'],
    ['DashboardName', watching.dashboardName, 'CloudWatch dashboard: the first minute'],
    ['PageTopicArn', watching.pages.topicArn, 'Topic that wakes somebody'],
    ['TicketTopicArn', watching.tickets.topicArn, 'Topic for working hours, and the budget'],
    ['CrmTeamPolicyArn', crmTeam.records.managedPolicyArn, 'For roles of the CRM team'],
    [
      'CrmErasurePolicyArn',
      crmTeam.secret.managedPolicyArn,
      'In addition, for keyed hashes and erasure at Genesys Cloud',
    ],
    [
      'DeployerPolicyArn',
      deployer.checks.managedPolicyArn,
      'For the role that runs preflight after a deployment',
    ],
  ];
};

/** What tools and people read from the stack; each says what it is. */
export const addOutputs = (stack: Stack, parts: Parts): void => {
  for (const [name, value, description] of [...forTools(parts), ...forOperators(parts)]) {
    if (value !== undefined) new CfnOutput(stack, name, { value, description });
  }
};

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AwsIntegration,
  EndpointType,
  type IResource,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias, CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { initPath } from '../../lambda/contract.ts';
import { accept } from '../accepted-findings.ts';
import { initTimeout } from '../guest-function.ts';
import { removalOf } from '../removal.ts';
import type { Settings } from '../settings.ts';
import { accessLogFormat } from './access-log.ts';
import { ApiDomain } from './api-domain.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import { addClosed, addMethodNotAllowed, addPreflight } from './mock-methods.ts';
import { WebAcl } from './web-acl.ts';

interface GuestApiProps {
  readonly settings: Settings;
  readonly function: Alias;
  readonly logKey: IKey;
}

const stageName = 'live';

/** The public API: one route, served by the function or, where that is not needed, by the gateway itself. */
export class GuestApi extends Construct {
  /** Base URL, without a slash at its end. */
  readonly url: string;
  readonly domainTarget: string | undefined;
  readonly api: RestApi;
  readonly webAcl: WebAcl;
  readonly accessLog: LogGroup;
  readonly executionLog: LogGroup;
  private readonly props: GuestApiProps;

  constructor(scope: Construct, id: string, props: GuestApiProps) {
    super(scope, id);
    this.props = props;
    const { settings } = props;
    const { customDomain, allowedOrigins } = settings;
    this.accessLog = this.logGroup('AccessLog');
    this.api = this.restApi();
    this.executionLog = this.makeExecutionLog();
    addGatewayResponses(this.api);

    const route = this.api.root.resourceForPath(initPath);
    this.addPost(route);
    this.allowInvocation();
    addPreflight(route, allowedOrigins);
    addMethodNotAllowed(route, allowedOrigins);

    this.webAcl = new WebAcl(this, 'Firewall', { settings, stageArn: this.api.deploymentStage.stageArn });
    if (customDomain === undefined) {
      this.url = `https://${this.api.restApiId}.execute-api.${Stack.of(this).region}.${Stack.of(this).urlSuffix}/${stageName}`;
    } else {
      this.url = `https://${customDomain.domainName}`;
      this.domainTarget = new ApiDomain(this, 'Domain', { api: this.api, settings: customDomain }).target;
    }
  }

  private restApi(): RestApi {
    const { settings } = this.props;
    const { throttle } = settings;
    const api = new RestApi(this, 'Rest', {
      // The API's metrics carry this name only, so it has to be the environment's own.
      restApiName: Stack.of(this).stackName,
      description: 'Guest profiles for Genesys Cloud Web Messaging',
      endpointTypes: [EndpointType.REGIONAL],
      disableExecuteApiEndpoint: settings.customDomain?.only === true,
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName,
        throttlingRateLimit: throttle.ratePerSecond,
        throttlingBurstLimit: throttle.burst,
        metricsEnabled: true,
        tracingEnabled: true,
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        accessLogDestination: new LogGroupLogDestination(this.accessLog),
        accessLogFormat,
      },
    });
    // The library's own output has no description, and is wrong under a custom domain.
    api.node.tryRemoveChild('Endpoint');
    accept(
      api,
      [
        'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      ],
      "AWS' own policy for API Gateway's logs, which API Gateway asks for once per account and region.",
    );
    accept(
      api.deploymentStage,
      ['NIST.800.53.R5-APIGWCacheEnabledAndEncrypted', 'PCI.DSS.321-APIGWCacheEnabledAndEncrypted'],
      'Every answer holds a token of one visitor: nothing may be cached.',
    );
    accept(
      api.deploymentStage,
      ['NIST.800.53.R5-APIGWSSLEnabled', 'PCI.DSS.321-APIGWSSLEnabled'],
      'Behind the API is a Lambda function, called with IAM; a client certificate is for HTTP back ends.',
    );
    return api;
  }

  /** API Gateway logs its own errors to a group of this name: made here, so that it is encrypted and expires. */
  private makeExecutionLog(): LogGroup {
    const name = `API-Gateway-Execution-Logs_${this.api.restApiId}/${stageName}`;
    const group = this.logGroup('ExecutionLog', name);
    this.api.deploymentStage.node.addDependency(group);
    return group;
  }

  private logGroup(id: string, logGroupName?: string): LogGroup {
    const { settings, logKey } = this.props;
    return new LogGroup(this, id, {
      ...(logGroupName === undefined ? {} : { logGroupName }),
      retention: settings.logRetentionDays,
      encryptionKey: logKey,
      removalPolicy: removalOf(settings),
    });
  }

  private addPost(route: IResource): void {
    const { settings, function: live } = this.props;
    const method = settings.closed
      ? addClosed(route, settings.allowedOrigins, settings.closedRetryAfterSeconds)
      : route.addMethod(
          'POST',
          new AwsIntegration({
            proxy: true,
            service: 'lambda',
            path: `2015-03-31/functions/${live.functionArn}/invocations`,
            // Longer than the function may run: it is the function that says what went wrong.
            options: { timeout: Duration.seconds(initTimeout(settings).toSeconds() + 1) },
          }),
        );
    accept(
      method,
      ['AwsSolutions-APIG4', 'AwsSolutions-COG4'],
      'Website visitors are anonymous: this is where they get their first credential. Origin, rate limits, the firewall and optionally signed sessions protect it.',
    );
    accept(
      this.api,
      ['AwsSolutions-APIG2'],
      'The function checks every body and names each faulty field. A validator of API Gateway would respond earlier, with other codes and without those names, so that the API would contradict its own contract; malformed bodies cost one short invocation, which throttle and firewall limit.',
    );
  }

  /** Outlives the kill switch: made together with the stage again, it would come too late for the first requests. */
  private allowInvocation(): void {
    const { function: live } = this.props;
    const permissionId = 'ApiGateway';
    live.addPermission(permissionId, {
      principal: new ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: this.api.arnForExecuteApi('POST', initPath, stageName),
    });
    this.api.deploymentStage.node.addDependency(live.node.findChild(permissionId) as CfnPermission);
  }
}

import {
  BasePathMapping,
  DomainName,
  EndpointType,
  type RestApi,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';

interface ApiDomainProps {
  readonly api: RestApi;
  readonly settings: NonNullable<Settings['customDomain']>;
}

/** The API under a domain of your own. */
export class ApiDomain extends Construct {
  /** What a record of that domain has to point to. */
  readonly target: string;

  constructor(scope: Construct, id: string, { api, settings }: ApiDomainProps) {
    super(scope, id);
    const { domainName, certificateArn, hostedZone } = settings;
    const domain = new DomainName(this, 'Name', {
      domainName,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    new BasePathMapping(this, 'Mapping', { domainName: domain, restApi: api, stage: api.deploymentStage });
    this.target = domain.domainNameAliasDomainName;
    if (hostedZone === undefined) return;
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', {
      hostedZoneId: hostedZone.id,
      zoneName: hostedZone.name,
    });
    const target = RecordTarget.fromAlias(new ApiGatewayDomain(domain));
    new ARecord(this, 'Record', { zone, recordName: domainName, target });
  }
}

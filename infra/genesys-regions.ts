import type { regionDomains } from '../lambda/genesys/regions.ts';

/**
 * AWS region of each Genesys Cloud region, by its domain: a Lambda data action reaches functions there only.
 * @see https://help.mypurecloud.com/articles/aws-regions-for-genesys-cloud-deployment/
 */
export const awsRegionOf: Readonly<Partial<Record<(typeof regionDomains)[number], string>>> = {
  'mypurecloud.com': 'us-east-1',
  'mypurecloud.ie': 'eu-west-1',
  'mypurecloud.de': 'eu-central-1',
  'mypurecloud.jp': 'ap-northeast-1',
  'mypurecloud.com.au': 'ap-southeast-2',
  'usw2.pure.cloud': 'us-west-2',
  'cac1.pure.cloud': 'ca-central-1',
  'apne2.pure.cloud': 'ap-northeast-2',
  'apne3.pure.cloud': 'ap-northeast-3',
  'euw2.pure.cloud': 'eu-west-2',
  'euc2.pure.cloud': 'eu-central-2',
  'aps1.pure.cloud': 'ap-south-1',
  'apse1.pure.cloud': 'ap-southeast-1',
  'sae1.pure.cloud': 'sa-east-1',
  'mec1.pure.cloud': 'me-central-1',
  'mxc1.pure.cloud': 'mx-central-1',
  'use2.us-gov-pure.cloud': 'us-east-2',
};

/** Genesys' own AWS accounts, which assume the role: commercial regions, and FedRAMP. */
export const genesysAccountOf = (domain: string): string =>
  domain === 'use2.us-gov-pure.cloud' ? '325654371633' : '765628985471';

/**
 * Domains of the Genesys Cloud regions: the API is `api.<domain>`, OAuth `login.<domain>`, Web Messaging
 * `webmessaging.<domain>`. From Genesys' own SDK, `PureCloudRegionHosts.js`, release 262.0.0. No imports: the
 * stack reads this file too.
 */
export const regionDomains = [
  'mypurecloud.com',
  'mypurecloud.ie',
  'mypurecloud.de',
  'mypurecloud.jp',
  'mypurecloud.com.au',
  'usw2.pure.cloud',
  'cac1.pure.cloud',
  'apne2.pure.cloud',
  'apne3.pure.cloud',
  'euw2.pure.cloud',
  'euc2.pure.cloud',
  'aps1.pure.cloud',
  'apse1.pure.cloud',
  'sae1.pure.cloud',
  'mec1.pure.cloud',
  'mxc1.pure.cloud',
  'use2.us-gov-pure.cloud',
  'edee1.eusc-pure.cloud',
] as const;

/** Whether a text is the domain of a published region. */
export const isRegionDomain = (text: string): text is (typeof regionDomains)[number] =>
  regionDomains.some((domain) => domain === text);

/** What each setting means, shown by editors beside `config/*.json`. */
export const settingMeanings: Readonly<Record<string, string>> = {
  account: 'AWS account. Absent: that of the credentials that deploy.',
  region: 'AWS region of the stack.',
  keepData: 'Tables, keys, secret, queues and logs outlive the stack.',
  protect:
    'Stack and tables cannot be deleted. Switch it on after the first successful deployment: a failed first one could not be cleared away otherwise.',
  environment:
    'Name in metrics, alarms and for the function, different from every other environment of the account; "production" forbids origin "*". Absent: the name of the file.',
  allowedOrigins: 'Origins that may call the API.',
  genesysDomain: 'Region of the Genesys Cloud organisation, by its domain.',
  genesysQuotaPerMinute:
    'Calls a minute that Genesys Cloud allows the OAuth client. Limits by address follow from it.',
  provider: 'How guests are registered. Change it by the procedure in docs/operations.md.',
  webMessaging: 'Needed by provider "web-messaging".',
  existingSecret: 'Name or ARN of a secret that exists. Absent: one is created with a placeholder.',
  existingSecretKeyArn: 'Key that encrypts the existing secret, where that is not the AWS managed one.',
  existingCrmTable:
    'A CRM table that exists, such as one imported from S3 or restored. Absent: one is created.',
  existingGuestTable: 'A registry that exists, such as a restored one. Absent: one is created.',
  agentView:
    'Lets the message flow of this Genesys organisation ask who a visitor is; for provider web-messaging. The organisation must be in the AWS region of the stack.',
  requireKeyedHashes: 'preflight fails while the secret has no sessionHashKeys.',
  initBudgetMs: 'Longest that a request may take.',
  logLevel: 'What the function logs. Metrics are written at every level.',
  variables: 'Further variables of the functions, by name.',
  closed:
    'Kill switch: 503 at the edge, the worker stands still. A pipeline cannot reopen what is closed here.',
  closedRetryAfterSeconds: 'Retry-After while closed.',
  memoryMb: 'Memory of the functions; 1,769 MB is one full vCPU.',
  reservedConcurrency:
    'Requests at work at once. Absent: nothing is reserved, as accounts with a limit of 10 need.',
  provisionedConcurrency: 'Containers kept warm; more follow the load. None while closed.',
  release: '"canary": 10 % of requests for five minutes, rolled back by alarms on the new version.',
  logRetentionDays: 'How long logs are kept.',
  throttle:
    'Requests a second, and at once, from everybody together. Absent: follows from the concurrency, so that the API says 429 before the function is out of containers.',
  requestsPerAddress:
    'POST requests of one address in five minutes. Absent: a tenth of genesysQuotaPerMinute (30 for 300).',
  challengeRequestsPerAddress:
    "POST requests of one address in five minutes above which the firewall asks for its silent browser challenge. Only for pages that load the firewall's script: see docs/security.md.",
  clientAddressHeader:
    "Header with the visitor's address where a CDN or proxy of your own stands in front, such as X-Forwarded-For. Anybody who reaches the API past it can forge it.",
  allowedCountries: 'Two-letter codes of the only countries that may call.',
  allowedAddressRanges: 'The only address ranges that may call. The API is reached over IPv4.',
  customDomain:
    'The API under a domain of your own. The old address serves on until "only" is true: set that once the website uses the domain.',
  replicas: 'Regions that hold a copy of both tables, each with a key of that region.',
  pageEmails: 'Who is woken: visitors are affected.',
  ticketEmails: 'Who looks at it in working hours.',
  runbookUrl: 'Absolute URL of docs/operations.md. The workflow sets it to the deployed commit by itself.',
  monthlyBudgetUsd: 'What this stack may cost a month.',
  alarms:
    'Thresholds. minSuccessPercent is the objective for 30 days; maxSilentMinutes (absent: off) is how long no visitor at all is normal; minSamples is the number of requests in five minutes below which no share is judged.',
};

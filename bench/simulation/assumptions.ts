/** What the simulation takes for granted: everything that is not our own code. Times are medians. */
export const assumptions = {
  genesys: {
    /** Published default for one OAuth client. */
    callsPerMinute: 300,
    /** Not published; a guess. */
    oauthCallsPerMinute: 60,
    tokenSeconds: 86_400,
    callMs: 120,
    oauthMs: 200,
  },
  lambda: {
    /** Default quota of an AWS account. */
    concurrency: 1000,
    /** From no container to the handler. */
    coldStartMs: 350,
    /** A container that was not used for so long is gone. */
    idleMs: 600_000,
    /** As in production. */
    memoryMb: 1769,
    /** Our own work for one request. */
    handlingMs: 3,
  },
  aws: { dynamoDbMs: 5, secretMs: 25, sqsMs: 12 },
  worker: {
    concurrency: 2,
    batchSize: 10,
    timeoutMs: 60_000,
    visibilityMs: 360_000,
    maxReceiveCount: 12,
  },
  /** Defaults of the function. */
  settings: {
    initBudgetMs: 8000,
    genesysTimeoutMs: 4000,
    guestTtlSeconds: 86_400,
    overflowMaxAgeSeconds: 120,
    unverifiedQueueShare: 1,
    anonymousEmailDomain: 'temp.com',
    attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets' },
    exposedCrmAttributes: ['firstName', 'tier', 'previousTickets'],
  },
  visitor: {
    /** Share of visitors whose page asks twice at once. */
    doubleClickShare: 0.05,
    doubleClickMs: 150,
    /** Share of served visitors who load the page again, once. */
    reloadShare: 0.25,
    reloadMeanMs: 60_000,
    /** Answers with an error after which a visitor leaves. */
    maxErrors: 3,
    /** Longest a visitor waits in all. */
    patienceMs: 300_000,
  },
} as const;

/** Spread of all times: the standard deviation of their logarithm. */
export const timeSpread = 0.3;

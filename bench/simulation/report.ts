import { assumptions } from './assumptions.ts';
import type { Plan, PlanResults } from './plan.ts';
import type { LoadResult } from './simulate-load.ts';
import { attackTable, costTable, effortTable, serviceTable } from './tables.ts';

const { visitor } = assumptions;

/** Sessions a minute that the quota can serve: two calls for a guest and its token, one for each other request. */
export const sustainableRate = ({ limits }: Pick<Plan, 'limits'>): number =>
  limits.callsPerMinute / (2 + visitor.doubleClickShare + visitor.reloadShare);

const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;
const count = new Intl.NumberFormat('en-US');

const find = (results: readonly LoadResult[], rate: number, machinery: boolean): LoadResult | undefined =>
  results.find(({ load }) => load.ratePerMinute === rate && load.machinery === machinery);

const served = ({ visitors: { atOnce, later, sessions } }: LoadResult): string =>
  percent((atOnce + later) / sessions);

const atOnce = ({ visitors }: LoadResult): number => visitors.atOnce / visitors.sessions;

/** Sentences about one rate, where it was simulated. */
const compare = (
  results: readonly LoadResult[],
  rate: number,
  say: (withIt: LoadResult, without: LoadResult) => string,
): string[] => {
  const withIt = find(results, rate, true);
  const without = find(results, rate, false);
  return withIt === undefined || without === undefined ? [] : [say(withIt, without)];
};

const findings = (plan: Plan, { lasting, bursts, outages }: PlanResults): string[] => {
  const { rates } = plan;
  const highest = Math.max(...rates);
  const withIt = lasting.filter(({ load }) => load.machinery);
  const duplicates = withIt.reduce((sum, result) => sum + result.duplicates, 0);
  const sessions = withIt.reduce((sum, { visitors }) => sum + visitors.sessions, 0);
  const guests = withIt.reduce((sum, result) => sum + result.guests, 0);
  return [
    `**Guests.** With the registry, ${count.format(guests)} guests were made for ${count.format(sessions)} sessions, ${count.format(duplicates)} of them a duplicate. Without it every reload and double click makes one while Genesys still accepts them, and each costs a call more.`,
    ...compare(
      lasting,
      highest,
      (shared, plain) =>
        `**OAuth.** ${count.format(shared.containers)} containers at ${count.format(highest)} sessions a minute share ${count.format(shared.oauthCalls)} OAuth call${shared.oauthCalls === 1 ? '' : 's'}; without sharing, ${count.format(plain.containers)} containers make ${count.format(plain.oauthCalls)}, most of them refused and repeated, and containers spend their time waiting for a token.`,
    ),
    ...compare(
      outages,
      100,
      (shared, plain) =>
        `**A token endpoint that fails** for a minute is asked ${count.format(shared.oauthCalls)} times in all by the fleet that shares a token, and ${count.format(plain.oauthCalls)} times without.`,
    ),
    ...compare(
      bursts,
      400,
      (shared, plain) =>
        `**Bursts** are what the queue is for: of ${shared.load.ratePerMinute} sessions within one minute ${served(shared)} get their chat with it, ${served(plain)} without, and ${percent(plain.visitors.reloadsLost / plain.visitors.reloads)} of those who load the page again lose theirs without the registry.`,
    ),
    ...compare(bursts, 200, (shared, plain) =>
      atOnce(shared) < atOnce(plain)
        ? `**The price** of it: of ${shared.load.ratePerMinute} in a minute fewer are served at once (${percent(atOnce(shared))} instead of ${percent(atOnce(plain))}), since a tenth of the quota is kept for known visitors and new ones are queued rather than try their luck.`
        : '',
    ),
    ...compare(
      lasting,
      300,
      (shared) =>
        `**A queue is work.** Below the quota a session costs about two write units; at ${shared.load.ratePerMinute} a minute ${(shared.writeUnits / shared.visitors.sessions).toFixed(0)}, because each delivery of a message that has to wait takes and gives back its lease.`,
    ),
    `**Beyond the quota** nothing helps for long. About ${count.format(Math.floor(sustainableRate(plan)))} new sessions a minute are what ${count.format(plan.limits.callsPerMinute)} calls can serve. What comes above that waits, and what has waited for ${assumptions.settings.overflowMaxAgeSeconds} s is given up: a rate above the quota that lasts longer than that loses visitors whatever we do, and those are told 202 for two minutes before 503.`,
    ...compare(
      lasting,
      1000,
      (shared, plain) =>
        `At ${count.format(shared.load.ratePerMinute)} a minute for ${shared.load.minutes} minutes ${served(shared)} are served with the machinery and ${served(plain)} without: the quota decides, not we. The remedy is a larger quota from Genesys.`,
    ),
  ].filter((finding) => finding !== '');
};

const bullet = (text: string): string => `- ${text}`;

const quotaOf = (plan: Plan): string =>
  `${count.format(plan.limits.callsPerMinute)} API calls a minute in windows of one minute that begin with their first call, told by \`inin-ratelimit-*\` headers, then 429 with \`Retry-After\`; ${plan.limits.oauthCallsPerMinute} OAuth calls a minute (not published; a guess), then 400 without \`Retry-After\``;

const modelled = (plan: Plan): string[] => {
  const { genesys, lambda, aws, worker, settings } = assumptions;
  return [
    `**Genesys**: ${quotaOf(plan)}. A call takes ${genesys.callMs} ms, an OAuth call ${genesys.oauthMs} ms. Refused calls count, too. It never fails otherwise, but for the token endpoint where that is said.`,
    `**Lambda**: a warm container is used before a new one is started (${lambda.coldStartMs} ms); ${count.format(lambda.concurrency)} at once, the default of an account, further requests are refused; gone after ${lambda.idleMs / 60_000} idle minutes; ${lambda.handlingMs} ms of our own work for a request. The throttles that this project deploys at the edge are left out: the shipped settings let far less through than the highest rates here.`,
    `**AWS services**: DynamoDB ${aws.dynamoDbMs} ms, SQS ${aws.sqsMs} ms, the secret ${aws.secretMs} ms once a container. The registry is the domain's in-memory one, one for the fleet; the OAuth entry and SQS are modelled. Units are counted as the DynamoDB adapter consumes them: 1 for a consistent read, ½ for the CRM record, 1 for each write, also a refused one (all items are far below 1 KiB).`,
    `**Worker**: ${worker.concurrency} batches of ${worker.batchSize} at once. A registration is given up after ${settings.overflowMaxAgeSeconds} s.`,
    `**Visitors** come at random (Poisson). ${percent(visitor.doubleClickShare)} ask twice within ${visitor.doubleClickMs} ms; ${percent(visitor.reloadShare)} of those served load the page again, on average after ${visitor.reloadMeanMs / 1000} s. They wait exactly as long as they are told, leave after ${visitor.maxErrors} errors, at \`registration_failed\`, or after ${visitor.patienceMs / 60_000} minutes. All have a CRM record.`,
    `All times are medians of a log-normal spread. Low rates are simulated for up to an hour, high ones sampled for a few minutes (column *for*); every run goes on until the last visitor is served or gone.`,
  ];
};

/** The document of a run: tables, what they show, and what was taken for granted. */
export const scaleDocument = (plan: Plan, results: PlanResults): string => {
  const costRate = 100;
  const withIt = find(results.lasting, costRate, true);
  const without = find(results.lasting, costRate, false);
  const cost =
    withIt === undefined || without === undefined
      ? []
      : [
          `## The bill for 1,000 sessions`,
          `At ${costRate} sessions a minute, at list prices on demand in us-east-1 (${assumptions.lambda.memoryMb} MB, arm64; check them before you rely on them). Logs, metrics, data transfer, encryption keys, the firewall and provisioned concurrency are left out.`,
          costTable(withIt, without),
        ];
  return `${[
    '# Scale',
    `<!-- Written by \`npm run simulate\`; change bench/simulation/, not this file. -->`,
    `What becomes of visitors when many come at once, and Genesys allows ${count.format(plan.limits.callsPerMinute)} calls a minute: a simulation that drives the real domain and Genesys code (use cases, retry rules, token tiers, quota, creation gate, worker) on a virtual clock. *With* is this project; *without* is the same code with what comparable products have: an OAuth token for each container, no registry, no queue, no admission. Seed ${plan.seed}; the same seed gives the same figures.`,
    '![Duplicate guests, visitors lost and OAuth calls in five situations, with this project and without its protections](scale.svg)',
    '*Duplicate guests* are those beyond the first of a session. Once Genesys refuses most calls, few of the reloads without a registry get as far as a second guest: there the missing duplicates are lost visitors.',
    '## A rate that lasts',
    '*At once*: the first answer is a guest and a token. *Later*: after 202 or errors, having waited. *Lost*: never.',
    serviceTable(results.lasting),
    effortTable(results.lasting),
    ...(results.bursts.length === 0
      ? []
      : [
          '## One busy minute',
          'The same, but only one minute of it, and silence after.',
          serviceTable(results.bursts),
        ]),
    ...(results.outages.length === 0
      ? []
      : [
          '## A token endpoint that fails for the first minute',
          'Every container is new, has no OAuth token, and gets 503 for one.',
          serviceTable(results.outages),
          effortTable(results.outages),
        ]),
    ...(results.attacks.length === 0
      ? []
      : [
          '## A flood from a dozen addresses',
          'Made-up sessions, each a new one, beside 20 new visitors a minute for ten minutes. 300 requests in five minutes was the limit by address until November 2026; 30, a tenth of Genesys’ quota, is the default now. *Verified*: the website’s server signs its visitors’ sessions (`SESSION_VERIFICATION=optional`), so the flood has a share of quota and queue only.',
          attackTable(results.attacks),
        ]),
    '## What this shows',
    findings(plan, results).map(bullet).join('\n'),
    ...cost,
    '## What was taken for granted',
    modelled(plan).map(bullet).join('\n'),
    `Run it yourself: \`npm run simulate\`, or \`npm run simulate -- --help\` for rates, quota and seed of your own.`,
  ].join('\n\n')}\n`;
};

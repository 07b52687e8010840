import type { LogCode } from '../../lambda/telemetry/log-codes.ts';
import type { MetricName } from '../../lambda/telemetry/metric-names.ts';
import { allowedAnswers, wholeAnswers } from './answers.ts';
import type { DependencyName } from './dependencies.ts';
import { faultOf } from './faults.ts';
import type { Cell, Row, State, Trace } from './observation.ts';

/** What tells an operator of a dependency that fails: one of these log codes and one of these metrics. */
const traces: Readonly<
  Record<DependencyName, { readonly codes: readonly LogCode[]; readonly metrics: readonly MetricName[] }>
> = {
  secrets: {
    codes: ['secret_unavailable', 'secret_invalid', 'secret_stale'],
    metrics: ['SecretInvalid', 'SecretStale'],
  },
  crm: { codes: ['tables_unavailable'], metrics: ['EnrichmentDegraded', 'TableErrors'] },
  registry: {
    codes: ['registry_unavailable', 'registry_call_failed', 'tables_unavailable'],
    metrics: ['RegistryUnavailable', 'TableErrors'],
  },
  vault: { codes: ['token_vault_unavailable'], metrics: ['TokenVaultUnavailable'] },
  oauth: {
    codes: ['oauth_credentials_refused', 'genesys_limited', 'oauth_failed', 'genesys_failed'],
    metrics: ['OAuthFailures', 'GenesysLimited', 'GenesysErrors'],
  },
  guest: {
    codes: ['genesys_limited', 'genesys_permission_missing', 'genesys_refused', 'genesys_failed'],
    metrics: ['GenesysLimited', 'GenesysErrors'],
  },
  'guest-token': {
    codes: [
      'genesys_limited',
      'genesys_permission_missing',
      'genesys_refused',
      'guest_unknown',
      'genesys_failed',
    ],
    metrics: ['GenesysLimited', 'GenesysErrors', 'Failed'],
  },
  contact: {
    codes: ['genesys_limited', 'genesys_permission_missing', 'genesys_refused', 'genesys_failed'],
    metrics: ['ContactsDegraded'],
  },
  queue: {
    codes: ['queue_unavailable', 'visibility_unchanged', 'queue_call_failed'],
    metrics: ['QueueErrors'],
  },
};

/** The log code and the metric that say what went wrong, where they are there. */
export const traceOf = ({ dependency }: Row, { codes, metrics }: Trace) => ({
  code: traces[dependency].codes.find((code) => codes.includes(code)),
  metric: traces[dependency].metrics.find((name) => (metrics[name] ?? 0) > 0),
});

/** Whether nobody was told of a fault that was felt: an answer that could be used after all is none. */
export const isMissingTrace = (row: Row, answer: string, trace: Trace): boolean => {
  const { meaning } = faultOf(row.fault);
  const whole = row.dependency === 'queue' ? ['202 queued', 'again'] : wholeAnswers;
  const usable = meaning === 'odd' || (meaning === 'nonsense' && whole.includes(answer));
  const { code, metric } = traceOf(row, trace);
  return !usable && (code === undefined || metric === undefined);
};

/** What is owed to others after the budget: remembering a guest, ending a lease. */
const graceMs = 500;
/** What starting, answering and a busy machine take. */
const slackMs = 700;
/** One call is attempted three times, a wait for a limit apart; each attempt of AWS's SDK is repeated once. */
const mostCalls = 12;

const isLate = ({ durationMs, budgetMs }: Cell): boolean => durationMs > budgetMs + graceMs + slackMs;

type Rule = (row: Row, state: State, cell: Cell) => string | undefined;

/** The promises, each as what is said where it is broken. */
const rules: readonly Rule[] = [
  ({ fault }, _, { met }) => (met === 0 && fault !== 'refused' ? 'the fault never met a call' : undefined),
  (row, state, { answer }) => {
    const allowed = allowedAnswers(row, state);
    return allowed.includes(answer) ? undefined : `answered ${answer}; allowed: ${allowed.join(', ')}`;
  },
  (_, __, { faults }) =>
    faults.length > 0 ? `the answer breaks the contract: ${faults.join(', ')}` : undefined,
  (_, __, cell) =>
    isLate(cell) ? `took ${Math.round(cell.durationMs)} ms of a budget of ${cell.budgetMs} ms` : undefined,
  (_, __, { extraGuests, orphans, unknownGuests }) =>
    extraGuests > orphans + unknownGuests
      ? `${extraGuests} guests too many, ${orphans} counted as orphans`
      : undefined,
  ({ dependency, fault }, __, { creations }) =>
    dependency === 'guest' && ['lost', 'nonsense'].includes(faultOf(fault).meaning) && creations > 1
      ? `created ${creations} times although the first may have had its effect`
      : undefined,
  (_, __, { calls }) => (calls > mostCalls ? `the dependency was called ${calls} times` : undefined),
  (_, __, { leaks }) => (leaks.length > 0 ? `written down: ${leaks.join(', ')}` : undefined),
  (_, __, { crashes }) => (crashes.length > 0 ? `a defect in the log: ${crashes[0]}` : undefined),
  ({ dependency }, __, { codes }) =>
    codes.includes('unexpected_error') && dependency !== 'secrets'
      ? 'unexpected_error in the log'
      : undefined,
  ({ dependency }, __, { left }) =>
    left.includes('lease') && dependency !== 'registry' ? 'a lease is left behind' : undefined,
  ({ dependency }, __, { left }) =>
    left.includes('login lease') && dependency !== 'vault' && dependency !== 'registry'
      ? 'the lease of the OAuth token is left behind'
      : undefined,
  (_, __, { answer, left }) =>
    answer === '202 queued' && !(left.includes('queued') && left.includes('message'))
      ? 'queued, but without a message and an entry'
      : undefined,
  (row, _, cell) => {
    if (!isMissingTrace(row, cell.answer, cell)) return undefined;
    const { code, metric } = traceOf(row, cell);
    return `no ${[...(code ? [] : ['log code']), ...(metric ? [] : ['metric'])].join(' and no ')} says what happened`;
  },
  (_, __, { afterwards }) => (afterwards.length > 0 ? afterwards.join('; ') : undefined),
];

/** The promises that a cell breaks, in sentences. */
export const brokenPromises = (row: Row, state: State, cell: Cell): readonly string[] =>
  rules.flatMap((rule) => rule(row, state, cell) ?? []);

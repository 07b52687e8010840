import { registryItemBytes, writeUnits } from '../simulation/table-units.ts';
import { type BenchResult, number } from '../table.ts';

/** Where a number comes from: nothing was measured on AWS. */
type Source = 'list price' | 'counted' | 'measured here' | 'assumed';

/** List prices on demand of us-east-1, first tier, in US dollars. */
const prices = {
  apiRequest: 3.5e-6,
  wafRequest: 0.6e-6,
  invocation: 0.2e-6,
  gbSecond: 13.3334e-6,
  readUnit: 0.125e-6,
  writeUnit: 0.625e-6,
  logGb: 0.5,
  kmsRequest: 0.03 / 10_000,
} as const;

/** A session: one new request, and a reload for a quarter of the visitors. */
const reloads = 0.25;
const requests = 1 + reloads;
/** 1 for a wait of Genesys, in ms; as in the bench of own time. */
const genesysMs = 120;
const awsMs = 5;

interface Provider {
  readonly name: 'webchat-v1' | 'web-messaging';
  /** Waits and own time of a warm request, in ms: new, repeated. */
  readonly billedMs: readonly [number, number];
  /** Writes of a new session; all are of at most one unit. */
  readonly writes: number;
  /** Bytes of log lines of a request at INFO. */
  readonly logBytes: number;
}

export interface CostInput {
  /** Measured: own time of a warm request, ms; bytes that a request logs at INFO. */
  readonly ownMs: readonly [number, number];
  readonly logBytes: number;
}

const linesOf = ({ name, billedMs: [fresh, again], writes, logBytes }: Provider, memoryMb: number) => {
  const seconds = (fresh + again * reloads) / 1000;
  const line = (what: string, count: number, usd: number, source: Source) => ({ what, count, usd, source });
  return [
    line('API Gateway, REST request', requests, requests * prices.apiRequest, 'counted'),
    line('WAF, request', requests, requests * prices.wafRequest, 'counted'),
    line('Lambda, invocation', requests, requests * prices.invocation, 'counted'),
    line(
      `Lambda, GB-second (arm64, ${memoryMb} MB)`,
      (seconds * memoryMb) / 1024,
      ((seconds * memoryMb) / 1024) * prices.gbSecond,
      'measured here',
    ),
    // Registry consistently (one unit), CRM not (half of one).
    line('DynamoDB, read unit', requests * 1.5, requests * 1.5 * prices.readUnit, 'counted'),
    line(
      'DynamoDB, write unit',
      writes * writeUnits(registryItemBytes),
      writes * writeUnits(registryItemBytes) * prices.writeUnit,
      'counted',
    ),
    line(
      'CloudWatch Logs, GB',
      (requests * logBytes) / 1e9,
      ((requests * logBytes) / 1e9) * prices.logGb,
      'measured here',
    ),
    line('KMS, request', 0.01, 0.01 * prices.kmsRequest, 'assumed'),
  ].map((one) => ({ ...one, name }));
};

/** What a million sessions cost with both providers, and what another setting would cost. */
export const costTables = (
  measured: Readonly<Record<Provider['name'], CostInput>>,
  memoryMb = 1769,
): BenchResult => {
  const providers: readonly Provider[] = [
    {
      name: 'webchat-v1',
      billedMs: [
        awsMs + 2 * genesysMs + measured['webchat-v1'].ownMs[0],
        awsMs + genesysMs + measured['webchat-v1'].ownMs[1],
      ],
      writes: 2,
      logBytes: measured['webchat-v1'].logBytes,
    },
    {
      name: 'web-messaging',
      billedMs: [awsMs + measured['web-messaging'].ownMs[0], awsMs + measured['web-messaging'].ownMs[1]],
      writes: 1,
      logBytes: measured['web-messaging'].logBytes,
    },
  ];
  const [chat, messaging] = providers.map((provider) => linesOf(provider, memoryMb));
  const million = (value: number): string => `$${(value * 1e6).toFixed(2)}`;
  const sum = (lines: readonly { readonly usd: number }[] = []): number =>
    lines.reduce((total, { usd }) => total + usd, 0);
  const totals = (memory: number): readonly string[] =>
    providers.map((provider) => million(sum(linesOf(provider, memory))));
  return {
    figures: { chat, messaging },
    tables: [
      {
        title: `What a million sessions cost, warm; ${reloads * 100} % of the visitors load the page again`,
        rows: [
          ['', 'webchat-v1: units', 'USD', 'web-messaging: units', 'USD', 'count'],
          ...(chat ?? []).map((line, index) => [
            line.what,
            number(line.count * 1e6),
            million(line.usd),
            number((messaging?.[index]?.count ?? 0) * 1e6),
            million(messaging?.[index]?.usd ?? 0),
            line.source,
          ]),
          ['**all**', '', million(sum(chat)), '', million(sum(messaging)), ''],
        ],
        note: 'Prices are list prices on demand of us-east-1, first tier, without free tiers. Nothing was measured on AWS: "measured here" is own time and log bytes of this machine beside assumed waits (tables 5 ms, Genesys 120 ms).',
      },
      {
        title: 'The same with less memory, if times stayed as they are, USD for a million sessions',
        rows: [
          ['memory', 'webchat-v1', 'web-messaging'],
          ...[1769, 1024, 512].map((memory) => [`${memory} MB`, ...totals(memory)]),
        ],
        note: 'A request waits most of its time, which costs the same CPU at any size; below 1,769 MB a function has less than one virtual CPU, so that own time and cold starts grow about as memory shrinks. Measure it on AWS before you change it.',
      },
    ],
  };
};

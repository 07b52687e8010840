import { AsyncLocalStorage } from 'node:async_hooks';
import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Config } from '../config.ts';
import type { Telemetry } from '../guest/ports.ts';
import { catalogue, type LogCode } from './log-codes.ts';
import { metricNamespace, metrics } from './metric-names.ts';

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

const emailAddress = /\S+@\S+/g;
const bearerToken = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;
const lastWord = /\S*$/;
const longestText = 1000;

/**
 * A last line of defence: events carry no personal data, and a text that does all the same loses it here.
 * A long text is cut first, since the time that a search takes may grow with the square of the length; the word that
 * the cut goes through is dropped, since half an e-mail address would not be recognised.
 */
export const redact = (text: string): string => {
  const head = text.length > longestText ? text.slice(0, longestText).replace(lastWord, '…') : text;
  return head.replace(emailAddress, '[e-mail]').replace(bearerToken, '$1 [token]');
};

const redacted = (fields: Fields): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? redact(value) : value]],
    ),
  );

/** One flat JSON object a line; the code first, since operators filter by it. */
class FlatFormatter extends LogFormatter {
  override formatAttributes(attributes: UnformattedAttributes, additional: LogAttributes): LogItem {
    const { logLevel, timestamp, message, xRayTraceId } = attributes;
    return new LogItem({
      attributes: {
        ...additional,
        level: logLevel,
        timestamp: timestamp.toISOString(),
        message,
        ...(xRayTraceId === undefined ? {} : { xrayTraceId: xRayTraceId }),
      },
    });
  }
}

export interface Observability {
  readonly telemetry: Telemetry<LogCode>;
  /** Runs one invocation: its request id is on every line, its metrics are written at its end. */
  invocation<T>(requestId: string | undefined, work: () => Promise<T>): Promise<T>;
}

/** From what is said least to what is said always. */
const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL', 'SILENT'];

/**
 * Logs as JSON lines and metrics in CloudWatch's embedded metric format, both on stdout.
 * @param version of the function, on each line of metrics: a release is judged by those of its own version
 */
export const createObservability = (
  { environment, provider, logLevel }: Pick<Config, 'environment' | 'provider' | 'logLevel'>,
  version?: string,
): Observability => {
  const logger = new Logger({ serviceName: metricNamespace, logLevel, logFormatter: new FlatFormatter() });
  const emf = new Metrics({ namespace: metricNamespace });
  // Without the `service` dimension, which would say the same as the namespace.
  emf.clearDefaultDimensions();
  emf.setDefaultDimensions({ environment, provider });
  const invocations = new AsyncLocalStorage<{ readonly requestId: string | undefined }>();

  const record = (code: LogCode, fields: Fields = {}): void => {
    const { level, message, metrics: measured = [] } = catalogue[code];
    const { requestId } = invocations.getStore() ?? {};
    // Powertools lets the platform's level win, which is pinned low enough to keep the lines of metrics.
    if (levels.indexOf(level.toUpperCase()) >= levels.indexOf(logLevel)) {
      // The code stays first, and no field takes its place: operators filter by it.
      logger[level](message, { code, ...redacted({ requestId, ...fields, code }) });
    }
    for (const metric of measured) {
      const [name, value] = typeof metric === 'string' ? [metric, 1] : [metric[0], fields[metric[1]]];
      if (typeof value === 'number') emf.addMetric(name, metrics[name], value);
    }
  };

  return {
    telemetry: { record },
    invocation: async (requestId, work) => {
      try {
        return await invocations.run({ requestId }, work);
      } finally {
        if (emf.hasStoredMetrics()) {
          if (version !== undefined) emf.addMetadata('version', version);
          emf.publishStoredMetrics();
        }
      }
    },
  };
};

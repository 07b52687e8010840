/** A call behind the API, as the local stack's `Server-Timing` tells it. */
export interface Step {
  /** `dynamodb`, `secretsmanager`, `genesys`, `sqs`; `function` is the whole. */
  readonly service: string;
  readonly text: string;
  readonly durationMs: number;
  /** Since the request came in. */
  readonly startMs: number;
}

/** One request of the client, and what came back. */
export interface Exchange {
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string;
  readonly durationMs: number;
  /** Absent where nothing came back. */
  readonly status?: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
  readonly steps: readonly Step[];
}

const stepsIn = (header: string): readonly Step[] =>
  [...header.matchAll(/([a-z]+)(?:-\d+)?;dur=([\d.]+)(?:;start=(-?[\d.]+))?;desc="([^"]*)"/g)].map(
    ([, service = '', duration, start, text = '']) => ({
      service,
      text,
      durationMs: Number(duration),
      startMs: Number(start ?? 0),
    }),
  );

const shownHeaders = ['content-type', 'retry-after', 'x-request-id'];

/** A `fetch` that remembers what the client sends and gets: the page shows the very bytes. */
export const recordingFetch =
  (onExchange: (exchange: Exchange) => void): typeof fetch =>
  async (input, init = {}) => {
    const startedAt = performance.now();
    const sent = {
      url: new URL(String(input), location.href).href,
      requestHeaders: Object.fromEntries(new Headers(init.headers)),
      requestBody: String(init.body ?? ''),
    };
    const finish = (rest: Omit<Exchange, keyof typeof sent | 'durationMs'>): void => {
      if (init.method === 'POST') onExchange({ ...sent, durationMs: performance.now() - startedAt, ...rest });
    };
    try {
      const response = await fetch(input, init);
      const responseBody = await response.clone().text();
      finish({
        status: response.status,
        responseHeaders: Object.fromEntries(
          [...response.headers].filter(([name]) => shownHeaders.includes(name)),
        ),
        responseBody,
        steps: stepsIn(response.headers.get('server-timing') ?? ''),
      });
      return response;
    } catch (error) {
      if (!init.signal?.aborted) finish({ responseHeaders: {}, responseBody: '', steps: [] });
      throw error;
    }
  };

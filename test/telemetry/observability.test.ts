import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { catalogue } from '../../lambda/telemetry/log-codes.ts';
import { metricNamespace, metrics } from '../../lambda/telemetry/metric-names.ts';
import { createObservability, redact } from '../../lambda/telemetry/observability.ts';

/** What is written to stdout and stderr while `work` runs, line by line. */
const linesOf = async (work: () => Promise<void>): Promise<Record<string, unknown>[]> => {
  const lines: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      lines.push(...String(chunk).split('\n').filter(Boolean));
      return true;
    }),
  );
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};

const create = (logLevel: 'DEBUG' | 'INFO' = 'DEBUG') =>
  createObservability({ environment: 'test', provider: 'webchat-v1', logLevel });

describe('Redaction', () => {
  it('removes e-mail addresses wherever they stand', () => {
    fc.assert(
      fc.property(fc.emailAddress(), fc.string(), fc.string(), (email, before, after) => {
        expect(redact(`${before} ${email} ${after}`)).not.toContain(email);
      }),
    );
  });

  it('removes bearer and basic credentials', () => {
    fc.assert(
      fc.property(
        fc.base64String({ minLength: 8 }),
        fc.constantFrom('Bearer', 'basic', 'BEARER'),
        (token, scheme) => {
          expect(redact(`Authorization: ${scheme} ${token}`)).not.toContain(token);
        },
      ),
    );
  });

  it('leaves ordinary words alone', () => {
    expect(redact('oauth endpoint responded 503')).toBe('oauth endpoint responded 503');
  });

  it('ends a long text at a word, so that no half of an address is left', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(40), (words, more) => {
        const text = `${'word '.repeat(190 + words)}${'x'.repeat(more)}jane.roe@customers.example ${'z '.repeat(1000)}`;
        expect(redact(text)).not.toMatch(/jane|roe|@/);
        expect(redact(text).length).toBeLessThanOrEqual(1001);
      }),
    );
  });

  it('never searches more than the 1,000 characters that it keeps and their end mark, however long the text is', () => {
    const searched: number[] = [];
    const replace = jest.spyOn(String.prototype, 'replace').mockImplementation(function (
      this: string,
      ...[pattern, replacement]: unknown[]
    ) {
      searched.push(this.length);
      return (pattern as RegExp)[Symbol.replace](String(this), String(replacement));
    });
    try {
      for (const character of ['x', '@', ' ', 'bearer ']) redact(character.repeat(100_000));
    } finally {
      replace.mockRestore();
    }
    expect(searched.length).toBeGreaterThan(0);
    expect(Math.max(...searched)).toBeLessThanOrEqual(1001);
  });
});

describe('Logs and metrics', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each([undefined, 'INFO'])(
    'obey LOG_LEVEL where the platform’s own level is %s, and never lose a metric to it',
    async (platform) => {
      const before = process.env['AWS_LAMBDA_LOG_LEVEL'];
      if (platform !== undefined) process.env['AWS_LAMBDA_LOG_LEVEL'] = platform;
      try {
        const lines = await linesOf(async () => {
          const { telemetry, invocation } = createObservability(
            { environment: 'test', provider: 'webchat-v1', logLevel: 'ERROR' },
            '12',
          );
          await invocation('r', async () => telemetry.record('cold_start'));
        });
        // The line of the metric only; it names the version, which a release is judged by.
        expect(lines).toEqual([expect.objectContaining({ ColdStart: 1, version: '12' })]);
      } finally {
        if (before === undefined) delete process.env['AWS_LAMBDA_LOG_LEVEL'];
        else process.env['AWS_LAMBDA_LOG_LEVEL'] = before;
      }
    },
  );

  it('are one JSON object a line, with the code and the request id', async () => {
    const { telemetry, invocation } = create();
    const lines = await linesOf(async () => {
      await invocation('req-7', async () => {
        telemetry.record('guest_created', { sessionHash: 'abc', guestId: 'g', absent: undefined });
      });
    });
    expect(lines[0]).toMatchObject({
      code: 'guest_created',
      level: 'INFO',
      message: catalogue.guest_created.message,
      requestId: 'req-7',
      sessionHash: 'abc',
    });
    expect(lines[1]).toMatchObject({ environment: 'test', provider: 'webchat-v1', GuestsCreated: 1 });
    expect(JSON.stringify(lines[1])).toContain(metricNamespace);
    expect(lines).toHaveLength(2);
  });

  it('keep two requests of one container apart', async () => {
    const { telemetry, invocation } = create();
    const lines = await linesOf(async () => {
      await Promise.all(
        ['a', 'b'].map(
          async (id) =>
            await invocation(id, async () => {
              await new Promise((resolve) => setImmediate(resolve));
              telemetry.record('breaker_closed', { id });
            }),
        ),
      );
    });
    expect(lines.map(({ requestId, id }) => [requestId, id])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
  });

  it('measure a field where the catalogue says so', async () => {
    const { telemetry, invocation } = create('INFO');
    const lines = await linesOf(async () => {
      await invocation('r', async () => telemetry.record('genesys_quota', { usedPercent: 42 }));
    });
    expect(lines).toEqual([expect.objectContaining({ GenesysQuotaUsed: 42 })]);
  });

  it('keep their code, whatever a field is called', async () => {
    const { telemetry } = create();
    const lines = await linesOf(async () =>
      telemetry.record('secret_invalid', { code: 'secret_malformed', field: 'clientId' }),
    );
    expect(lines).toEqual([expect.objectContaining({ code: 'secret_invalid', field: 'clientId' })]);
  });

  it('lose an e-mail address that got into a field all the same', async () => {
    const { telemetry } = create();
    const lines = await linesOf(async () =>
      telemetry.record('genesys_failed', { reason: 'no jane@example.com' }),
    );
    expect(lines).toEqual([expect.objectContaining({ code: 'genesys_failed', reason: 'no [e-mail]' })]);
  });

  it('leave no metric without an event that measures it', () => {
    const measured = Object.values(catalogue).flatMap(({ metrics: names = [] }) =>
      names.map((name) => (typeof name === 'string' ? name : name[0])),
    );
    expect([...new Set(measured)].sort()).toEqual(Object.keys(metrics).sort());
  });
});

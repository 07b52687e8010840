import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../../lambda/config.ts';
import { optionalVariables, requiredVariables } from '../../../lambda/env.ts';
import { type Stacks, type SynthesisedStack, synthesise } from '../template.ts';

const init = (stack: SynthesisedStack) => stack.one('AWS::Lambda::Function', 'InitFunction').properties;
const drain = (stack: SynthesisedStack) => stack.one('AWS::Lambda::Function', 'DrainFunction').properties;

/** The environment as it is after deployment: what CloudFormation fills in becomes a plausible value. */
const deployed = (variables: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      typeof value === 'string'
        ? value
        : name.endsWith('_URL')
          ? 'https://sqs.example.com/1/q'
          : `the-${name}`,
    ]),
  );

export const functionsRun = (stacks: Stacks): void => {
  const { dev, prod, full, closed } = stacks;

  describe('a function', () => {
    it.each(Object.entries(stacks))('of %s gets an environment that it starts with', (_name, stack) => {
      for (const { Environment } of [init(stack), drain(stack)]) {
        const variables = deployed(Environment.Variables);
        expect(Object.keys(variables)).toEqual(expect.arrayContaining([...requiredVariables]));
        expect(() => readConfig(variables)).not.toThrow();
      }
    });

    it('gets no variable that it does not know', () => {
      const known = new Set<string>([...requiredVariables, ...optionalVariables]);
      const set = Object.keys(init(full).Environment.Variables);
      expect(set.filter((name) => !known.has(name))).toEqual([]);
    });

    it('gets what the environment sets', () => {
      const config = readConfig(deployed(init(full).Environment.Variables));
      expect(config).toMatchObject({
        environment: 'production',
        provider: 'web-messaging',
        crmTimeoutMs: 400,
        genesysBaseUrl: 'https://api.mypurecloud.de',
        genesysLoginUrl: 'https://login.mypurecloud.de',
        allowedOrigins: new Set(['https://www.example.com', 'https://shop.example.com']),
      });
      expect(init(prod).Environment.Variables).toMatchObject({
        CRM_TABLE_NAME: { Ref: expect.stringMatching(/^TablesCrm/) },
        GUEST_TABLE_NAME: { Ref: expect.stringMatching(/^TablesGuests/) },
        GENESYS_SECRET_ID: { Ref: expect.stringMatching(/^GenesysCredentials/) },
        OVERFLOW_QUEUE_URL: { Ref: expect.stringMatching(/^OverflowQueue/) },
      });
    });

    it('runs on Node 24 and ARM64, traced, with JSON logs in a group of its own', () => {
      for (const properties of [init(prod), drain(prod)]) {
        expect(properties).toMatchObject({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          Handler: 'index.handler',
          TracingConfig: { Mode: 'Active' },
          LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(/^(Init|Drain)Logs/) } },
        });
      }
    });

    it.each(['DEBUG', 'INFO', 'WARN', 'ERROR'] as const)(
      'keeps its metrics at LOG_LEVEL %s: their lines carry no level, which the platform counts as INFO',
      (logLevel) => {
        const stack = synthesise('dev', { logLevel }, { check: false });
        for (const properties of [init(stack), drain(stack)]) {
          expect(['DEBUG', 'INFO']).toContain(properties.LoggingConfig.ApplicationLogLevel);
          expect(properties.Environment.Variables.LOG_LEVEL).toBe(logLevel);
        }
      },
    );

    it('has memory and concurrency by its environment', () => {
      expect(init(dev).MemorySize).toBe(512);
      // An account with a limit of 10 could reserve nothing.
      for (const properties of [init(dev), drain(dev)]) {
        expect(properties).not.toHaveProperty('ReservedConcurrentExecutions');
      }
      expect(init(prod)).toMatchObject({ MemorySize: 1769, ReservedConcurrentExecutions: 200 });
    });

    it('may run longer than its budget, and shorter than the gateway waits', () => {
      const budgetMs = Number(init(prod).Environment.Variables.INIT_BUDGET_MS);
      const gatewayMs = prod.one('AWS::ApiGateway::Method', 'ApiRestapiwebchatinitPOST').properties
        .Integration.TimeoutInMillis;
      expect(init(prod).Timeout * 1000).toBeGreaterThan(budgetMs + 500);
      expect(gatewayMs).toBeGreaterThan(init(prod).Timeout * 1000);
      expect(gatewayMs).toBeLessThanOrEqual(29_000);
    });

    it('serves the overflow queue two batches at a time, each message for itself', () => {
      const source = prod.one('AWS::Lambda::EventSourceMapping').properties;
      expect(source).toMatchObject({
        ScalingConfig: { MaximumConcurrency: 2 },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        Enabled: true,
      });
      expect(drain(prod).ReservedConcurrentExecutions).toBe(2);
      const queue = prod.one('AWS::SQS::Queue', 'OverflowQueue').properties;
      expect(queue.VisibilityTimeout).toBeGreaterThanOrEqual(6 * drain(prod).Timeout);
    });

    it('does not serve the queue while the kill switch is on', () => {
      expect(closed.one('AWS::Lambda::EventSourceMapping').properties.Enabled).toBe(false);
    });
  });
};

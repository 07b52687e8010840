import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type RuntimeContainer, startRuntimeContainer } from '../../bench/function/runtime-api.ts';
import { restEvent } from '../support/http-world.ts';
import { startOverflow } from '../support/overflow.ts';
import { describeWith } from '../support/skipped.ts';
import { bundleOf, type FunctionName, type Stack, startStack } from '../support/stack.ts';

const client = describeWith('TEST_LAMBDA_RIC', 'the folder of the npm package aws-lambda-ric');

client('Under the runtime interface client of AWS', (folder) => {
  let stack: Stack;
  let containers: RuntimeContainer[] = [];
  let output = '';
  beforeAll(async () => {
    stack = await startStack({ CRM_TIMEOUT_MS: '2000' });
  });
  afterEach(async () => {
    await Promise.all(containers.map(async (container) => await container.stop()));
    containers = [];
    output = '';
  });
  afterAll(async () => await stack.stop());

  const start = async (
    name: FunctionName,
    more: Readonly<Record<string, string>> = {},
  ): Promise<RuntimeContainer> => {
    const bundle = bundleOf(name);
    const env = {
      ...stack.env,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: 'peers',
      LAMBDA_TASK_ROOT: dirname(bundle),
      _HANDLER: 'index.handler',
      ...more,
    };
    const container = await startRuntimeContainer(bundle, env, {
      client: join(folder, 'index.mjs'),
      onOutput: (text) => {
        output += text;
      },
    });
    containers.push(container);
    return container;
  };
  const ask = async (container: RuntimeContainer, body: object) => {
    const { result } = await container.invoke(restEvent(body));
    return { status: result.statusCode, body: JSON.parse(String(result['body'])) };
  };

  it('init serves a visitor cold, warm and after a freeze, with one guest', async () => {
    const init = await start('init');
    const first = await ask(init, { sessionId: 'a' });
    expect(first.status).toBe(200);
    const again = await ask(init, { sessionId: 'a' });
    await init.freeze(1500);
    const thawed = await ask(init, { sessionId: 'a' });
    expect([again, thawed].map(({ status, body }) => [status, body.guestId])).toEqual(
      Array(2).fill([200, first.body.guestId]),
    );
    expect((await ask(init, { sessionId: '' })).status).toBe(400);
  });

  it('init writes its log lines and metrics as JSON, each with the request it belongs to', async () => {
    const init = await start('init');
    await ask(init, { sessionId: 'b' });
    await init.freeze(100);
    const lines = output.split('\n').filter((line) => line.startsWith('{'));
    expect(output.split('\n').filter((line) => line !== '')).toEqual(lines);
    const parsed = lines.map((line) => JSON.parse(line));
    expect(parsed.some((line) => '_aws' in line)).toBe(true);
    expect(parsed.find(({ code }) => code === 'request_issued')).toMatchObject({ requestId: 'req-1' });
  });

  it('drain registers what is queued and reports a message that is not ours', async () => {
    const overflow = await startOverflow();
    try {
      const init = await start('init', { ...overflow.environment, INIT_BUDGET_MS: '3000' });
      const drain = await start('drain', overflow.environment);
      stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 60 });
      expect((await ask(init, { sessionId: 'c' })).status).toBe(202);
      stack.genesys.control.clearFaults();
      const poison = await overflow.send('{"poison":true}');
      const deliveries = await overflow.receive();
      expect(deliveries).toHaveLength(2);
      const { result } = await drain.invoke(overflow.eventOf(deliveries));
      expect(result['batchItemFailures']).toEqual([{ itemIdentifier: poison }]);
      expect((await ask(init, { sessionId: 'c' })).status).toBe(200);
    } finally {
      await overflow.close();
    }
  });

  it('resolve finds nobody by a reference that it did not make', async () => {
    await stack.putSecret({ externalIdKey: Buffer.alloc(32, 9).toString('base64') });
    const resolve = await start('resolve', {
      GUEST_PROVIDER: 'web-messaging',
      WEB_MESSAGING_DEPLOYMENT_ID: 'deployment-1',
      EXTERNAL_SOURCE_ID: 'source-1',
      GENESYS_LOGIN_URL: stack.genesys.url,
    });
    const { result } = await resolve.invoke({ guestReference: 'forged', conversationId: 'conversation-1' });
    expect(result).toMatchObject({ found: false });
  });

  it('a configuration with faults is reported as such, and the process ends', async () => {
    await expect(start('init', { ALLOWED_ORIGINS: '', CRM_TABLE_NAME: '' })).rejects.toThrow(
      /has ended \{.*"errorType":"ConfigError".*CRM_TABLE_NAME/s,
    );
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataActionError, dataActionFiles } from '../../infra/build/data-action-files.ts';

const functionArn = 'arn:aws:lambda:eu-central-1:111122223333:function:resolve:live';
const attributeMap = { crmTier: 'tier', historicalTickets: 'previousTickets', vip: 'vip' };

// Processes and browsers of their own take their time on a busy machine.
jest.setTimeout(120_000);

describe('the data actions of an organisation', () => {
  const outputOf = (options: Parameters<typeof dataActionFiles>[0]) =>
    JSON.parse(dataActionFiles(options)['who-is-this']).contract.output.successSchema;

  it('ask the function of the environment, in the published export format', () => {
    const action = JSON.parse(dataActionFiles({ functionArn, attributeMap })['who-is-this']);
    expect(action).toMatchObject({
      integrationType: 'aws-lambda-data-actions',
      actionType: 'custom',
      secure: false,
      config: {
        request: { requestUrlTemplate: functionArn, requestType: 'POST' },
        response: { translationMap: {}, translationMapDefaults: {} },
      },
    });
  });

  it('show a flow each mapped attribute with its type, and demand none but "found"', () => {
    const schema = outputOf({ functionArn, attributeMap, types: { vip: 'boolean' } });
    expect(schema.required).toEqual(['found']);
    expect(schema.properties).toMatchObject({
      found: { type: 'boolean' },
      firstName: { type: 'string' },
      crmTier: { type: 'string' },
      historicalTickets: { type: 'integer' },
      vip: { type: 'boolean' },
    });
  });

  it.each([
    ['an ARN that is none', { functionArn: 'resolve', attributeMap }, /must be an ARN/],
    ['an attribute with a name of ours', { functionArn, attributeMap: { email: 'tier' } }, /uses email/],
    [
      'a type for an attribute that is not mapped',
      { functionArn, attributeMap, types: { seats: 'integer' as const } },
      /has no seats/,
    ],
  ])('refuse %s', (_, options, message) => {
    expect(() => dataActionFiles(options)).toThrow(DataActionError);
    expect(() => dataActionFiles(options)).toThrow(message);
  });
});

describe('npm run data-actions', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'data-actions-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'infra/build/data-actions.ts', ...args], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      encoding: 'utf8',
    });

  it('writes the files of an environment and says what comes next', () => {
    const { status, stdout, stderr } = run('--env', 'dev', '--function-arn', functionArn, '--out', folder);
    expect([status, stderr]).toEqual([0, '']);
    expect(readdirSync(folder).sort()).toEqual([
      'associate-contact.json',
      'find-communication.json',
      'who-is-this.json',
    ]);
    expect(readFileSync(join(folder, 'who-is-this.json'), 'utf8')).toBe(
      dataActionFiles({
        functionArn,
        attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets' },
      })['who-is-this'],
    );
    expect(stdout).toMatch(/Next: .*Import/);
  });

  it.each([
    [['--env', 'dev', '--function-arn', 'resolve'], /^The function must be an ARN .*\n$/],
    [['--env', 'nowhere', '--function-arn', functionArn], /^Environment nowhere is not known/],
    [['--env', 'dev', '--function-arn', functionArn, '--type', 'vip=yes'], /vip=yes.*is invalid/],
    [['--env', 'dev'], /required option '--function-arn <arn>'/],
  ])('refuses %j with one line', (args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

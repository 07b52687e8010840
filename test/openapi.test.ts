import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { openApiDocument } from '../infra/build/openapi.ts';
import { initPath, problems } from '../lambda/contract.ts';
import { type LocalStack, startLocalStack } from '../local/local-stack.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
}
interface Content {
  readonly schema: { readonly $ref: string };
  readonly examples: Readonly<Record<string, { readonly value: unknown }>>;
}
interface OpenApi {
  readonly openapi: string;
  readonly servers: readonly unknown[];
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post: {
          readonly requestBody: { readonly content: Readonly<Record<string, Content>> };
          readonly responses: Readonly<
            Record<
              string,
              { readonly description: string; readonly content: Readonly<Record<string, Content>> }
            >
          >;
        };
      }
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const root = fileURLToPath(new URL('..', import.meta.url));
const document: OpenApi = JSON.parse(JSON.stringify(openApiDocument()));
const post = document.paths[initPath]?.post;
const { responses = {} } = post ?? {};

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(document, 'api');
const faultsOf = (reference: string, value: unknown): unknown => {
  const validate = ajv.getSchema(`api${reference}`);
  if (validate === undefined) throw new Error(`There is no ${reference}.`);
  return validate(value) ? [] : validate.errors;
};

describe('The OpenAPI document', () => {
  it('is what the contract says now; `npm run openapi` writes it again', () => {
    expect(JSON.parse(readFileSync(`${root}docs/api/openapi.json`, 'utf8'))).toEqual(document);
  });

  it('passes Redocly’s strict rules', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['node_modules/@redocly/cli/bin/cli.js', 'lint', 'guest-profiles', '--format', 'json'],
      {
        cwd: root,
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      },
    );
    expect(JSON.parse(stdout.slice(stdout.indexOf('{')))).toMatchObject({
      totals: { errors: 0, warnings: 0 },
    });
    expect(stderr).not.toMatch(/error/i);
  }, 60_000);

  it('names every problem code under its status, with an example', () => {
    for (const [code, { status }] of Object.entries(problems)) {
      expect(responses[status]?.description).toContain(`\`${code}\``);
      expect(responses[status]?.content['application/problem+json']?.examples[code]).toBeDefined();
    }
  });

  it('says of every field what it is, with an example', () => {
    const silent: string[] = [];
    const look = (schema: Schema, path: string): void => {
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        if (!property.description || !property.examples?.length) silent.push(`${path}.${name}`);
        look(property, `${path}.${name}`);
        if (property.items !== undefined) look(property.items, `${path}.${name}[]`);
      }
    };
    for (const [name, schema] of Object.entries(document.components.schemas)) look(schema, name);
    expect(silent).toEqual([]);
  });

  it('has examples that keep to its own schemas', () => {
    const contents = [post?.requestBody, ...Object.values(responses)].flatMap((part) =>
      Object.values(part?.content ?? {}),
    );
    let count = 0;
    for (const { schema, examples } of contents) {
      for (const { value } of Object.values(examples)) {
        expect(faultsOf(schema.$ref, value)).toEqual([]);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(15);
  });

  it('has a pattern for session ids that expressions without Unicode classes can read', () => {
    const pattern = document.components.schemas['InitRequest']?.properties?.['sessionId']?.pattern ?? '';
    expect(pattern).toBe('^[^\\u0000-\\u001f\\u007f-\\u009f]*$');
    const plain = new RegExp(pattern);
    for (let code = 0; code < 0x3000; code += 1) {
      const character = String.fromCharCode(code);
      expect([code, plain.test(character)]).toEqual([code, !/\p{Cc}/u.test(character)]);
    }
  });
});

describe('What the running stack responds', () => {
  let stack: LocalStack;
  beforeAll(async () => {
    stack = await startLocalStack({ settings: { ALLOWED_ORIGINS: 'https://shop.example' } });
  }, 120_000);
  afterAll(() => stack?.close());

  const ask = (body: string, init: RequestInit = {}): Promise<Response> =>
    fetch(stack.description.apiUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      ...init,
    });
  const valid = JSON.stringify({ sessionId: 'demo-jane', consentGiven: true });
  const newcomer = (name: string): string => JSON.stringify({ sessionId: `newcomer ${name}` });

  it.each([
    ['ConsentGiven', true, 400],
    ['consentgiven', false, 400],
    ['SESSIONID', 'another', 400],
    ['__proto__', {}, 400],
    ['consent', true, 200],
    ['constructor', true, 200],
  ])(
    'to a body with the name %s beside its session is what the document’s schema says',
    async (name, value, status) => {
      const body = `{"sessionId":"names ${name}","${name}":${JSON.stringify(value)}}`;
      const faults = faultsOf('#/components/schemas/InitRequest', JSON.parse(body));
      expect([(await ask(body)).status, faults]).toEqual([
        status,
        status === 200 ? [] : expect.arrayContaining([expect.anything()]),
      ]);
    },
  );

  it.each<[number, string, () => Promise<Response>]>([
    [200, 'a customer', () => ask(valid)],
    [200, 'somebody unknown', () => ask(newcomer('unknown'))],
    [200, 'a refusal', () => ask('{"sessionId":"demo-no-consent","consentGiven":false}')],
    [400, 'no JSON', () => ask('{')],
    [400, 'wrong fields', () => ask('{"sessionId":"","consentGiven":"yes","consentType":"loud"}')],
    [
      403,
      'a foreign origin',
      () =>
        ask(valid, { headers: { 'Content-Type': 'application/json', Origin: 'https://elsewhere.example' } }),
    ],
    [405, 'another method', () => fetch(stack.description.apiUrl)],
    [413, 'a large body', () => ask(JSON.stringify({ sessionId: 'x', more: 'x'.repeat(9000) }))],
    [415, 'another type', () => ask(valid, { headers: { 'Content-Type': 'text/plain' } })],
    [
      502,
      'garbage of Genesys',
      () => {
        stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'garbage', calls: 1 });
        return ask(newcomer('garbage'));
      },
    ],
    [
      503,
      'a Genesys that is down',
      () => {
        stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'status', status: 500, calls: 1 });
        return ask(newcomer('down'));
      },
    ],
    [
      202,
      'a Genesys that limits',
      () => {
        stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 1, retryAfter: '30' });
        return ask(newcomer('limited'));
      },
    ],
  ])(
    '%i for %s keeps to the document',
    async (status, _, send) => {
      const response = await send();
      expect(response.status).toBe(status);
      const mediaType = response.headers.get('content-type')?.split(';')[0] ?? '';
      const content = responses[status]?.content[mediaType];
      expect(content).toBeDefined();
      expect(faultsOf(content?.schema.$ref ?? '', await response.json())).toEqual([]);
      expect(response.headers.get('x-request-id')).toMatch(/./);
      if (status === 202) expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    },
    60_000,
  );
});

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import {
  initPath,
  initRequestSchema,
  initResponseSchema,
  maxBodyBytes,
  type ProblemCode,
  problemSchema,
  problems,
  queuedResponseSchema,
  signatureHeader,
} from '../../lambda/contract.ts';

const file = fileURLToPath(new URL('../../docs/api/openapi.json', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

// Rules that JSON Schema cannot say (well-formed Unicode) are left to the function and to the descriptions.
const schemaOf = (schema: GenericSchema): object => {
  const { $schema: _, ...json } = toJsonSchema(schema, { target: 'openapi-3.0', errorMode: 'ignore' });
  return json;
};

const response = (description: string, schema: string, mediaType: string, retry: boolean): object => ({
  description,
  headers: {
    'X-Request-Id': { schema: { type: 'string' } },
    ...(retry ? { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } } } : {}),
  },
  content: { [mediaType]: { schema: { $ref: `#/components/schemas/${schema}` } } },
});

const problemResponses = (): Record<string, object> => {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const [code, { status }] of Object.entries(problems) as [ProblemCode, { status: number }][]) {
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      response(
        codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' '),
        'Problem',
        'application/problem+json',
        codes.some((code) => problems[code].retryable),
      ),
    ]),
  );
};

/** The API as an OpenAPI 3.0 document, derived from the schemas that the function checks requests with. */
export const openApiDocument = (): object => ({
  openapi: '3.0.3',
  info: {
    title: 'Guest profiles for Genesys Cloud',
    version,
    description: 'Turns an anonymous website session into a Genesys Cloud guest and an ephemeral token.',
  },
  paths: {
    [initPath]: {
      post: {
        operationId: 'initialiseGuest',
        summary: "Registers the session's guest, or finds it, and mints a token for this call.",
        parameters: [
          {
            name: signatureHeader,
            in: 'header',
            required: false,
            description:
              'Where signed sessions are required: `t=<unix seconds>,v1=<hex>`, v1 being HMAC-SHA-256 over `<t>.<sessionId>`; at most 300 s old.',
            schema: { type: 'string' },
          },
        ],
        requestBody: {
          required: true,
          description: `At most ${maxBodyBytes} bytes.`,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/InitRequest' } } },
        },
        responses: {
          200: response('The guest and a token.', 'InitResponse', 'application/json', false),
          202: response(
            'Genesys Cloud is limiting; the registration is queued. Repeat the same request after `Retry-After`.',
            'QueuedResponse',
            'application/json',
            true,
          ),
          ...problemResponses(),
        },
      },
    },
  },
  components: {
    schemas: {
      InitRequest: schemaOf(initRequestSchema),
      InitResponse: schemaOf(initResponseSchema),
      QueuedResponse: schemaOf(queuedResponseSchema),
      Problem: schemaOf(problemSchema),
    },
  },
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
  console.log('docs/api/openapi.json is written.');
}

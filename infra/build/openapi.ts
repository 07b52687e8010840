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
import {
  type FieldText,
  faultTexts,
  messagingTexts,
  problemCauses,
  problemTexts,
  queuedTexts,
  requestTexts,
  responseTexts,
} from './openapi-texts.ts';

/** No control characters (Unicode "Cc"), written out: tools of other languages do not know `\p{Cc}`. */
const noControlCharacters = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';
const file = fileURLToPath(new URL('../../docs/api/openapi.json', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly [keyword: string]: unknown;
}

const schemaOf = (schema: GenericSchema): Schema => {
  const { $schema: _, ...json } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    // Well-formed Unicode cannot be said in JSON Schema: the description does.
    errorMode: 'ignore',
    // `\p{Cc}` is unknown to most other languages' expressions.
    overrideAction: ({ valibotAction, jsonSchema }) =>
      valibotAction.type === 'regex' ? { ...jsonSchema, pattern: noControlCharacters } : jsonSchema,
  });
  return json as Schema;
};

/** The schema with what people need to know of its fields. */
const described = (
  { properties = {}, ...schema }: Schema,
  texts: Readonly<Record<string, FieldText>>,
  more: Readonly<Record<string, (schema: Schema) => Schema>> = {},
): Schema => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const text = texts[name];
      if (text === undefined) throw new Error(`openapi-texts.ts says nothing of ${name}.`);
      const inner = more[name]?.(property) ?? property;
      return [name, { ...inner, description: text.description, examples: [text.example] }];
    }),
  ),
});

const inAnyCase = (name: string): string =>
  name.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);

/** Unknown names are ignored, except a known one in another case, and the one that JSON parsers of JavaScript guard. */
const refusingNames = (schema: Schema): Schema => {
  const known = Object.keys(schema.properties ?? {});
  const refused = `^(?:${[...known.map(inAnyCase), '__proto__'].join('|')})$`;
  return { ...schema, propertyNames: { anyOf: [{ enum: known }, { not: { pattern: refused } }] } };
};

const examplesOf = (texts: Readonly<Record<string, FieldText>>, names: readonly string[]): object =>
  Object.fromEntries(names.map((name) => [name, texts[name]?.example]));

const headers = (retry: boolean): object => ({
  'X-Request-Id': {
    description: 'Names this request in the logs.',
    schema: { type: 'string', examples: [problemTexts.requestId.example] },
  },
  ...(retry
    ? {
        'Retry-After': {
          description: 'When to repeat the request, in seconds.',
          schema: { type: 'integer', minimum: 1, examples: [3] },
        },
      }
    : {}),
});

const response = (
  description: string,
  schema: string,
  {
    mediaType = 'application/json',
    retry = false,
    examples,
  }: {
    readonly mediaType?: string;
    readonly retry?: boolean;
    readonly examples: Readonly<Record<string, object>>;
  },
): object => ({
  description,
  headers: headers(retry),
  content: {
    [mediaType]: {
      schema: { $ref: `#/components/schemas/${schema}` },
      examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
    },
  },
});

const problemExample = (code: ProblemCode): object => {
  const { status, title, retryable } = problems[code];
  return {
    type: `urn:problem:${code}`,
    title,
    status,
    detail: `${title}.`,
    error: `${title}.`,
    code,
    requestId: problemTexts.requestId.example,
    retryable,
    ...(retryable ? { retryAfterSeconds: problemTexts.retryAfterSeconds.example } : {}),
    ...(code === 'invalid_request' ? { errors: problemTexts.errors.example } : {}),
  };
};

const problemResponses = (): Record<string, object> => {
  const codes = Object.keys(problems) as ProblemCode[];
  const statuses = [...new Set(codes.map((code) => problems[code].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => problems[code].status === status);
      return [
        status,
        response(own.map((code) => `\`${code}\`: ${problemCauses[code]}.`).join(' '), 'Problem', {
          mediaType: 'application/problem+json',
          retry: own.some((code) => problems[code].retryable),
          examples: Object.fromEntries(own.map((code) => [code, problemExample(code)])),
        }),
      ];
    }),
  );
};

const guestExamples = {
  customer: examplesOf(responseTexts, ['guestId', 'accessToken', 'expiresAt', 'crmAttributes', 'enrichment']),
  webMessaging: examplesOf(responseTexts, Object.keys(responseTexts)),
};

const operation = (): object => ({
  operationId: 'initialiseGuest',
  tags: ['Guests'],
  summary: "Registers the session's guest, or finds it, and issues a token for this call.",
  description:
    'One session has one guest however often this is called. Repeat a request only where the response says so: 202, and problems with `retryable: true`.',
  security: [{}, { sessionSignature: [] }],
  requestBody: {
    required: true,
    description: `At most ${maxBodyBytes} bytes. Unknown fields are ignored; a known name in another case (\`ConsentGiven\`) is not, nor is, at any depth, \`__proto__\` or a \`constructor\` with a \`prototype\`.`,
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/InitRequest' },
        examples: {
          consent: { value: examplesOf(requestTexts, Object.keys(requestTexts)) },
          declined: { value: { sessionId: 'demo-no-consent', consentGiven: false } },
        },
      },
    },
  },
  responses: {
    200: response('The guest and a token.', 'InitResponse', { examples: guestExamples }),
    202: response(
      'Genesys Cloud is limiting; the registration is queued. Repeat the same request after `Retry-After`.',
      'QueuedResponse',
      { retry: true, examples: { queued: examplesOf(queuedTexts, Object.keys(queuedTexts)) } },
    ),
    ...problemResponses(),
  },
});

/** The API as an OpenAPI 3.1 document, derived from the schemas that the function checks requests with. */
export const openApiDocument = (): object => ({
  openapi: '3.1.1',
  info: {
    title: 'Guest profiles for Genesys Cloud',
    version,
    summary: 'Turns an anonymous website session into a Genesys Cloud guest and an ephemeral token.',
    description:
      'A website posts an anonymous session id; the service looks up what the CRM knows about it, registers a guest at Genesys Cloud with the visitor’s consent, and returns the guest and a token. A client for browsers and a guide are in `docs/website.md`.',
    license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
  },
  servers: [
    {
      url: 'https://{host}',
      description: 'A deployment: the host of the stack’s output `ApiUrl`, or its own domain',
      variables: { host: { default: 'api.example.com', description: 'Host name of the API' } },
    },
    { url: 'http://127.0.0.1:3000', description: 'The local stack of `npm start`' },
  ],
  tags: [{ name: 'Guests', description: 'What a website calls.' }],
  paths: { [initPath]: { post: operation() } },
  components: {
    securitySchemes: {
      sessionSignature: {
        type: 'apiKey',
        in: 'header',
        name: signatureHeader,
        description:
          "Where sessions are verified: made by the website's own server, `t=<unix seconds>,v1=<hex>` with v1 = HMAC-SHA-256 of `<t>.<sessionId>`, at most 300 s old; or a JSON Web Token. See docs/verified-sessions.md.",
      },
    },
    schemas: {
      InitRequest: refusingNames(described(schemaOf(initRequestSchema), requestTexts)),
      InitResponse: described(schemaOf(initResponseSchema), responseTexts, {
        messaging: (schema) => described(schema, messagingTexts),
      }),
      QueuedResponse: described(schemaOf(queuedResponseSchema), queuedTexts),
      Problem: described(schemaOf(problemSchema), problemTexts, {
        errors: ({ items = {}, ...schema }) => ({ ...schema, items: described(items, faultTexts) }),
      }),
    },
  },
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
  console.log('docs/api/openapi.json is written.');
}

import {
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from '../../lambda/genesys/transport.ts';
import type { AwsRequest, AwsTransport } from './aws-clients.ts';
import type { Sandbox } from './kernel/sandbox.ts';
import type { Fault } from './kernel/twists.ts';
import { endpointOf } from './models/genesys.ts';
import { tables, type World } from './world.ts';

/** Who speaks in a container at the moment: the request, batch or start that it works on. */
export type Speaker = () => string;

const brokenSocket = (kind: 'refused' | 'reset', aborted: boolean): Error => {
  if (aborted) return Object.assign(new Error('aborted'), { name: 'AbortError' });
  return Object.assign(new Error('socket'), { code: kind === 'refused' ? 'ECONNREFUSED' : 'ECONNRESET' });
};

const keysIn = (input: Readonly<Record<string, unknown>>, table: string): string[] => {
  const request = (input['RequestItems'] as Record<string, { Keys: { sessionHash: { S: string } }[] }>)?.[
    table
  ];
  return (request?.Keys ?? []).map(({ sessionHash }) => sessionHash.S);
};

/** What is asked for, in words that are the same in every run. */
const wordsOf = ({ service, operation, input }: AwsRequest, { names }: World): string => {
  if (service !== 'dynamodb') return operation;
  const item = (input['Key'] ?? input['Item']) as { sessionHash: { S: string } } | undefined;
  const keys = item === undefined ? keysIn(input, tables.registry) : [item.sessionHash.S];
  const [first = keysIn(input, tables.crm)[0] ?? ''] = keys;
  const of = names.get(first) ?? (first.startsWith('reference#') ? 'a reference' : 'the shared token');
  const changes = `${input['UpdateExpression'] ?? ''}`;
  const column = /failedAt = |queuedAt = |pausedUntil = |guestId/.exec(changes.replaceAll('#', ''))?.[0];
  const writes = operation === 'PutItem' && item !== undefined && 'leaseOwner' in item ? ' (lease)' : '';
  const crm = keysIn(input, tables.crm).length > 0 || input['TableName'] === tables.crm ? ' with CRM' : '';
  return `${operation} ${of}${crm}${writes}${column === undefined ? '' : ` (${column.replace(' = ', '')})`}`;
};

/** A container's way to AWS, where sockets would be. */
export const connectAws =
  (world: World, sandbox: Sandbox, speaker: Speaker): AwsTransport =>
  async (request) => {
    const { network, dynamoDb, sqs, secret, auditor } = world;
    const { service, operation, input, signal } = request;
    const by = speaker();

    const succeed = (fault: Fault | undefined): { status: number; body: object } => {
      if (service === 'secrets') return { status: 200, body: { SecretString: JSON.stringify(secret) } };
      if (service === 'sqs') {
        if (operation === 'SendMessage') auditor.sent('a queued message', String(input['MessageBody']));
        return { status: 200, body: sqs.call(operation, input) };
      }
      for (const hash of keysIn(input, tables.crm)) {
        const session = world.names.get(hash) ?? '';
        auditor.facts.crmReads.push({ atMs: world.scheduler.now(), session, by });
      }
      const unprocessed = fault === 'unprocessed';
      const result = dynamoDb.call({ operation, input, by, stale: fault === 'stale', unprocessed });
      if (result.ok) return { status: 200, body: result.output };
      world.tell(`${by}: the condition of ${operation} did not hold`);
      const type = `com.amazonaws.dynamodb.v20120810#${result.error}`;
      return { status: 400, body: { __type: type, message: 'no', ...result.extra } };
    };

    return await network.call({
      sandbox,
      by,
      dependency: service,
      words: wordsOf(request, world),
      signal,
      broken: brokenSocket,
      effect: (fault) => {
        const busy =
          service === 'dynamodb' ? 'ProvisionedThroughputExceededException' : 'ThrottlingException';
        if (fault === 'unavailable') return { status: 503, body: { __type: 'ServiceUnavailable' } };
        if (fault === 'throttled') return { status: 400, body: { __type: busy, message: 'slow down' } };
        const response = succeed(fault);
        return fault === 'failed_after' ? { status: 500, body: { __type: 'InternalServerError' } } : response;
      },
    });
  };

const isCreated = ({ status, body }: TransportResponse): boolean =>
  status === 201 && !String((body as { id?: string } | undefined)?.id ?? '/').includes('/');

/** What is asked of Genesys, in words. */
const pathWordsOf = ({ method, url }: TransportRequest): string => {
  const endpoint = endpointOf(url);
  if (endpoint !== 'contact') return `${method} ${endpoint}`;
  return method === 'DELETE' ? 'DELETE contact' : url.endsWith('/enrich') ? 'POST enrich' : 'POST look-up';
};

const retryAfters = ['1', '2', '7', '30', '0', undefined, undefined] as const;

/** A container's way to Genesys Cloud. */
export const connectGenesys = (world: World, sandbox: Sandbox, speaker: Speaker): Transport => {
  const { genesys, network, auditor, chance, scheduler } = world;
  const { facts } = auditor;
  let calls = 0;

  /** Whose profile it is: an anonymous one has the hash in its e-mail. */
  const sessionOf = (email: string): string => {
    const short = /^visitor_([0-9a-f]{8})@/.exec(email)?.[1];
    if (short === undefined) return email.split('@')[0] ?? '';
    const named = [...world.names].find(([hash]) => hash.slice(hash.lastIndexOf(':') + 1).startsWith(short));
    return named?.[1] ?? '';
  };

  return async (request, signal) => {
    calls += 1;
    const sentAtMs = scheduler.now();
    const by = speaker();
    const endpoint = endpointOf(request.url);
    const name = `${by} ${endpoint} ${calls}`;
    auditor.sent('an address', request.url);
    const login = { fromMs: scheduler.now(), untilMs: Infinity, by, container: sandbox.name };
    // What the CRM team's tool does beside is no part of the functions' bound.
    if (endpoint === 'oauth' && !by.startsWith('erase')) facts.loginCalls.push(login);

    if (endpoint === 'guest') {
      const { email } = JSON.parse(request.body) as { email: string };
      const session = sessionOf(email);
      const entries = [...world.names].flatMap(([hash, name]) => {
        const entry = name === session ? world.dynamoDb.get(tables.registry, hash) : undefined;
        return entry === undefined ? [] : [entry];
      });
      auditor.creating(by, session, entries);
    }

    const serve = (): TransportResponse => {
      const before = genesys.guests.size;
      const changes = facts.contacts.length;
      const response = genesys.call(request, by);
      for (const change of facts.contacts.slice(changes)) {
        Object.assign(change, { by, sentAtMs });
        world.tell(`${change.id}, of ${change.session}, is ${change.kind}`);
      }
      const guest = genesys.guests.size > before ? [...genesys.guests.values()].at(-1) : undefined;
      if (guest !== undefined) {
        const session = sessionOf(guest.body.email);
        facts.guests.push({
          id: guest.id,
          sentAtMs,
          atMs: guest.createdAtMs,
          by,
          container: sandbox.name,
          session,
          body: guest.body,
          isForgotten: () => guest.forgotten,
        });
        world.tell(`Genesys has ${guest.id}, of ${session}`);
      }
      return response;
    };

    const effect = (fault: Fault | undefined): TransportResponse => {
      if (fault === 'unavailable') return genesys.json(503, { code: 'service.unavailable' });
      if (fault === 'throttled') {
        return genesys.limited(endpoint, chance.pick(`retry after ${name}`, retryAfters));
      }
      if (fault === 'unauthorised') return genesys.json(401, { code: 'bad.credentials' });
      const response = serve();
      if (fault === 'failed_after') {
        return genesys.json(chance.pick(`status ${name}`, [500, 502, 504]), {
          code: 'internal.server.error',
        });
      }
      if (fault !== 'garbage') return response;
      const hostile = chance.of(`garbage ${name}`) < 0.5 && (endpoint === 'guest' || endpoint === 'contact');
      return { ...response, body: hostile ? { id: '../../elsewhere' } : undefined };
    };

    try {
      const response = await network.call({
        sandbox,
        by,
        dependency: 'genesys',
        words: pathWordsOf(request),
        signal,
        effect,
        broken: (kind, aborted) =>
          new TransportError(
            kind === 'refused' ? 'unsent' : 'lost',
            aborted ? 'ECONNABORTED' : kind === 'refused' ? 'ECONNREFUSED' : 'ECONNRESET',
          ),
      });
      if (endpoint === 'guest' && isCreated(response)) facts.heardCreations += 1;
      return response;
    } finally {
      login.untilMs = scheduler.now();
    }
  };
};

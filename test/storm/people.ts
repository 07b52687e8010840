import { createHmac } from 'node:crypto';
import { eraseSubject } from '../../crm/erase/erase-subject.ts';
import { createContactEraser } from '../../crm/erase/genesys-contact.ts';
import type { ProxyEvent } from '../../lambda/http/request.ts';
import type { Exchange } from './audit/facts.ts';
import type { prepareAwsClients } from './aws-clients.ts';
import { connectAws, connectGenesys } from './connections.ts';
import type { createFleet } from './containers.ts';
import { createSandbox } from './kernel/sandbox.ts';
import { healedMs, type Session, type Visit, type WorldEvent } from './plan.ts';
import { externalIdIn, hashKeyAfter, hashKeysBefore, signingKey, tables, type World } from './world.ts';

type InitFleet = ReturnType<typeof createFleet<'init'>>;
type DrainFleet = ReturnType<typeof createFleet<'drain'>>;

const initLimitMs = 10_000;
const drainLimitMs = 60_000;
const patience = { queued: 12, errors: 3 };

const eventOf = (visit: Visit, { id }: Session, name: string, nowMs: number): ProxyEvent => {
  const signature = (): string => {
    const seconds = Math.floor(nowMs / 1000);
    return `t=${seconds},v1=${createHmac('sha256', signingKey).update(`${seconds}.${id}`, 'utf8').digest('hex')}`;
  };
  const headers = {
    'content-type': 'application/json',
    origin: 'https://www.example.com',
    ...(visit.signed === true ? { 'x-session-signature': signature() } : {}),
  };
  const consent = visit.misspelt === true ? { ConsentGiven: false } : { consentGiven: visit.given };
  const body = JSON.stringify({ sessionId: id, ...consent, consentType: visit.type });
  return { version: '2.0', headers, body, requestContext: { requestId: name, http: { method: 'POST' } } };
};

/** A page that asks for its guest and repeats as the response says. */
export const createVisitor = (world: World, fleet: InitFleet, served: (exchange: Exchange) => void) => {
  const { scheduler, auditor, plan, startMs } = world;
  const sessions = new Map(plan.sessions.map((session) => [session.name, session]));

  const ask = (visit: Visit, attempt: number, errors: number): void => {
    const session = sessions.get(visit.session);
    if (session === undefined) return;
    const name = attempt === 1 ? visit.name : `${visit.name}-${attempt}`;
    const said =
      visit.given === undefined
        ? 'says nothing of consent'
        : visit.given
          ? 'consents'
          : visit.misspelt === true
            ? 'refuses, misspelt'
            : 'refuses';
    world.tell(`${name}: the visitor asks and ${said}${visit.signed === true ? ', signed' : ''}`);
    const exchange: Exchange = { name, visit, startedAtMs: scheduler.now(), container: '' };
    auditor.facts.exchanges.push(exchange);

    fleet.invoke(
      name,
      initLimitMs,
      async (handler, context) => {
        // A cold start is no part of the budget, which begins with the handler.
        Object.assign(exchange, { startedAtMs: scheduler.now() });
        return await handler(eventOf(visit, session, name, scheduler.now()), context);
      },
      (response, container) => {
        Object.assign(exchange, { container, endedAtMs: scheduler.now() });
        if (response === undefined) return again(visit, attempt, errors + 1, 1);
        const body = JSON.parse(response.body) as Record<string, unknown>;
        Object.assign(exchange, { status: response.statusCode, body });
        auditor.responded(name, visit.session, response.statusCode, response.body);
        world.tell(
          `${name} gets ${response.statusCode} ${body['code'] ?? body['enrichment'] ?? body['status']}`,
        );
        if (response.statusCode === 200) served(exchange);
        const seconds = Number(body['retryAfterSeconds'] ?? 2);
        if (response.statusCode === 202) again(visit, attempt, errors, seconds);
        else if (body['retryable'] === true) again(visit, attempt, errors + 1, seconds);
        return undefined;
      },
    );
  };

  const again = (visit: Visit, attempt: number, errors: number, seconds: number): void => {
    const served = visit.atMs >= healedMs;
    if (attempt >= patience.queued || errors >= (served ? 1 : patience.errors)) return;
    scheduler.after(seconds * 1000, () => ask(visit, attempt + 1, errors));
  };

  for (const visit of plan.visits) scheduler.at(startMs + visit.atMs, () => ask(visit, 1, 0));
};

/** SQS' own poller: takes batches while there is something, two at a time, and deletes what was done. */
export const createPoller = (world: World, fleet: DrainFleet) => {
  const { scheduler, sqs } = world;
  let running = 0;
  let batches = 0;

  const poll = (): void => {
    if (running >= 2) return;
    const messages = sqs.receive(10);
    if (messages.length === 0) return;
    running += 1;
    batches += 1;
    const name = `drain-${batches}`;
    const Records = messages.map(({ id, receipt, body, receives }) => ({
      messageId: id,
      receiptHandle: receipt,
      body,
      attributes: { ApproximateReceiveCount: `${receives}` },
    }));
    fleet.invoke(
      name,
      drainLimitMs,
      async (handler, context) =>
        await handler({ Records } as never, { ...context, awsRequestId: name } as never),
      (response) => {
        running -= 1;
        const failed = new Set(response?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        if (response === undefined) return;
        for (const { id } of messages) if (!failed.has(id)) sqs.remove(id);
      },
    );
  };

  if (world.plan.queue && world.plan.provider === 'webchat-v1') {
    const endMs = world.startMs + healedMs + 600_000;
    const whileBusy = (): void => {
      poll();
      if (scheduler.now() < endMs) scheduler.after(1000, whileBusy);
    };
    scheduler.at(world.startMs, whileBusy);
  }
};

const recordOf = ({ name }: Session, hash: string, tier: string) => ({
  sessionHash: { S: hash },
  email: { S: `${name}@customers.example` },
  firstName: { S: `Firstname-${name}.` },
  tier: { S: tier },
  previousTickets: { N: '3' },
  crmId: { S: `crm-${name}` },
});

/** The CRM team, operators and whoever else changes the world beside the visitors. */
export const createTeams = (
  world: World,
  fleet: InitFleet,
  makeAwsClients: Awaited<ReturnType<typeof prepareAwsClients>>,
) => {
  const { plan, scheduler, startMs, dynamoDb, secret, genesys, auditor } = world;
  const sessions = new Map(plan.sessions.map((session) => [session.name, session]));
  const erased = new Set<string>();

  const write = (session: Session, tier: string): void => {
    if (erased.has(session.name)) return;
    const [newest = ''] = world.hashesOf(session.id);
    dynamoDb.put(tables.crm, recordOf(session, newest, tier), 'the CRM team');
  };

  const erase = (session: Session): void => {
    erased.add(session.name);
    const by = `erase ${session.name}`;
    const sandbox = createSandbox(by, scheduler, 0);
    const { clock } = sandbox;
    const options = {
      client: makeAwsClients(
        connectAws(world, sandbox, () => by),
        clock,
      ).dynamoDb,
      crmTableName: tables.crm,
      guestTableName: tables.registry,
      clock,
      settleMs: 15_000,
    };
    const transport = connectGenesys(world, sandbox, () => by);
    const access = { provider: plan.provider, loginUrl: undefined, externalSourceId: 'source-1' };
    const contacts = createContactEraser(
      { ...access, baseUrl: 'https://api.mypurecloud.de' },
      { ...secret, externalIdKey: undefined, sessionHashKeys: [], sessionSigningKeys: [] },
      'source-1',
      { transport, clock, random: () => world.chance.of(`random ${by} ${scheduler.now()}`) },
    );
    const subject = {
      number: 1,
      from: 'the storm',
      of: 'session',
      hashes: world.hashesOf(session.id),
      externalIds: plan.provider === 'web-messaging' ? [externalIdIn(secret, session.name)] : [],
      found: true,
      remarks: [],
    } as const;
    const erasure = { session: session.name, fromMs: scheduler.now(), untilMs: Infinity };
    auditor.facts.erasures.push(erasure);
    eraseSubject(subject, options, contacts).then(
      ({ outcome, reason }) => {
        if (outcome !== 'failed') erasure.untilMs = scheduler.now();
        // Whoever erases reads the receipt, and runs the command again.
        else scheduler.after(60_000, () => erase(session));
        world.tell(`${session.name}: ${outcome}${reason === undefined ? '' : `, ${reason}`}`);
      },
      (error: unknown) => world.tell(`erasing ${session.name} failed: ${error}`),
    );
  };

  const happen = (event: WorldEvent): void => {
    const session = 'session' in event ? sessions.get(event.session) : undefined;
    world.tell(`event: ${Object.values(event).join(' ')}`);
    switch (event.kind) {
      case 'import':
        if (session !== undefined) write(session, event.tier);
        return;
      case 'erase':
        if (session !== undefined) erase(session);
        return;
      case 'deploy':
        fleet.deploy();
        return;
      case 'revoke_tokens':
        genesys.revokeTokens();
        return;
      case 'forget_guests':
        genesys.forgetGuests();
        return;
      case 'rotate_hash_key':
        secret.sessionHashKeys = plan.hashKeys
          ? [hashKeyAfter, ...hashKeysBefore]
          : [hashKeyAfter, { id: 'plain' }];
        world.nameHashes();
        auditor.facts.secretChanges.push(scheduler.now());
        return;
      case 'rotate_client_secret': {
        const before = secret.clientSecret;
        secret.clientSecret = 'client-secret-2';
        auditor.facts.clientSecretChanges.push(scheduler.now());
        auditor.facts.secretChanges.push(scheduler.now());
        genesys.accept([secret.clientSecret, ...(event.overlapMs > 0 ? [before] : [])]);
        scheduler.after(event.overlapMs, () => genesys.accept([secret.clientSecret]));
        return;
      }
      case 'weather':
        return;
    }
  };

  for (const session of plan.sessions) if (session.known) write(session, 'Silver');
  for (const event of plan.events) scheduler.at(startMs + event.atMs, () => happen(event));
  scheduler.at(startMs + healedMs - 60_000, () => genesys.liftLimits());
};

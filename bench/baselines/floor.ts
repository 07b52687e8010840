import { createHash, randomUUID } from 'node:crypto';
import middy from '@middy/core';
import { awsCall, post } from './signed-call.ts';

/*
 * The raw floor: the same calls in the same order as the API function makes them, by node:http and hand-signed
 * requests behind Middy, and nothing else. No retries, time limits, validation, logs, metrics or failures.
 */
const env = process.env as Readonly<Record<string, string>>;
const { GENESYS_SECRET_ID, CRM_TABLE_NAME = '', GUEST_TABLE_NAME = '', GUEST_PROVIDER } = env;
const genesys = env['GENESYS_BASE_URL'] ?? '';
const login = env['GENESYS_LOGIN_URL'] ?? genesys;
const dynamoDb = {
  endpoint: new URL(env['AWS_ENDPOINT_URL_DYNAMODB'] ?? ''),
  service: 'dynamodb',
  version: '1.0',
};
const secretsManager = {
  endpoint: new URL(env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] ?? ''),
  service: 'secretsmanager',
  version: '1.1',
};
const table = async (operation: string, input: unknown) => {
  const { status, body } = await awsCall(dynamoDb, `DynamoDB_20120810.${operation}`, input);
  if (status !== 200) throw new Error(`${operation}: ${status}`);
  return body;
};
const isMinted = GUEST_PROVIDER === 'web-messaging';

const { body: secretAnswer } = await awsCall(secretsManager, 'secretsmanager.GetSecretValue', {
  SecretId: GENESYS_SECRET_ID,
});
const { clientId, clientSecret } = JSON.parse(secretAnswer.SecretString);
const tokenKey = { sessionHash: { S: `floor-token-${clientId}` } };

let bearer: string | undefined;
const takeToken = (item: { token?: { S: string } } | undefined) => {
  bearer = item?.token?.S;
};
takeToken(
  (await table('GetItem', { TableName: GUEST_TABLE_NAME, Key: tokenKey, ConsistentRead: true })).Item,
);

const grant = async (): Promise<string> => {
  const lease = { ...tokenKey, leaseOwner: { S: randomUUID() } };
  await table('PutItem', { TableName: GUEST_TABLE_NAME, Item: lease });
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: 'webchat:guest:write webchat:token:write',
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const { body } = await post(new URL(`${login}/oauth/token`), headers, `${form}`);
  await table('PutItem', {
    TableName: GUEST_TABLE_NAME,
    Item: { ...tokenKey, token: { S: body.access_token } },
  });
  return body.access_token;
};

const genesysCall = async (path: string, body: unknown) => {
  bearer ??= await grant();
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` };
  return (await post(new URL(`${genesys}/api/v2/webchat/v1/guests${path}`), headers, JSON.stringify(body)))
    .body;
};

const answer = (guestId: string, accessToken: string) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ guestId, accessToken, crmAttributes: {}, enrichment: 'not_found' }),
});

const seen = new Set<string>();

const serve = async (event: { body: string }) => {
  const { sessionId } = JSON.parse(event.body);
  const hash = createHash('sha256').update(sessionId).digest('hex');
  const key = { sessionHash: { S: hash } };
  const owner = randomUUID();
  const [mintedId, mintedToken] = [randomUUID(), randomUUID()];
  const claim = {
    TableName: GUEST_TABLE_NAME,
    Item: {
      ...key,
      ...(isMinted ? { guestId: { S: mintedId }, token: { S: mintedToken } } : { leaseOwner: { S: owner } }),
    },
    ConditionExpression: 'attribute_not_exists(sessionHash)',
  };
  const read = table('BatchGetItem', {
    RequestItems: {
      [GUEST_TABLE_NAME]: { Keys: [key], ConsistentRead: true },
      [CRM_TABLE_NAME]: { Keys: [key] },
    },
  });
  // A container claims in the same moment as it reads, unless it has seen the session before.
  if (!seen.has(hash)) await awsCall(dynamoDb, 'DynamoDB_20120810.PutItem', claim);
  seen.add(hash);
  const [known] = (await read).Responses[GUEST_TABLE_NAME];
  if (known?.guestId !== undefined) {
    const guestId = known.guestId.S;
    return answer(guestId, isMinted ? known.token.S : (await genesysCall(`/${guestId}/tokens`, {})).token);
  }
  const complete = async (guest: Record<string, { S: string }>) =>
    await table('PutItem', {
      TableName: GUEST_TABLE_NAME,
      Item: { ...key, ...guest },
      ConditionExpression: 'leaseOwner = :owner',
      ExpressionAttributeValues: { ':owner': { S: owner } },
    });
  if (isMinted) return answer(mintedId, mintedToken);
  const { id } = await genesysCall('', {
    name: 'Guest',
    email: `visitor_${hash.slice(0, 8)}@temp.com`,
    consentGiven: true,
    consentType: 'explicit',
    attributes: { crmTier: 'Unknown', historicalTickets: 0, integrationSource: 'node-middleware-v1' },
  });
  const [{ token }] = await Promise.all([genesysCall(`/${id}/tokens`, {}), complete({ guestId: { S: id } })]);
  return answer(id, token);
};

export const handler = middy(serve);

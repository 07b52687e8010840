import { createHash } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import middy from '@middy/core';
import jsonBodyParser from '@middy/http-json-body-parser';
import axios from 'axios';
import { z } from 'zod';

/*
 * What a careful team writes first: the tutorial's flow (secret, token, one GetItem, guest, guest token) with Middy,
 * the AWS SDK, axios, Powertools and zod. No registry, lease, shared token or queue.
 */
const logger = new Logger({ serviceName: 'stock' });
const metrics = new Metrics({ namespace: 'stock', serviceName: 'stock' });
const dynamoDb = new DynamoDBClient({});
const secrets = new SecretsManagerClient({});
const {
  GENESYS_BASE_URL: baseURL = '',
  GENESYS_SECRET_ID: SecretId,
  CRM_TABLE_NAME: TableName,
} = process.env;
const genesys = axios.create({ baseURL, timeout: 4000 });

const requestSchema = z.object({
  sessionId: z.string().min(1).max(256),
  consentGiven: z.boolean().default(true),
  consentType: z.enum(['explicit', 'implicit']).default('explicit'),
});
const tokenSchema = z.object({ access_token: z.string(), expires_in: z.number() });

let token: { value: string; untilMs: number } | undefined;
const bearer = async (): Promise<string> => {
  if (token !== undefined && token.untilMs > Date.now()) return token.value;
  const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  const { clientId, clientSecret } = JSON.parse(SecretString);
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    scope: 'webchat:guest:write webchat:token:write',
  });
  const { data } = await genesys.post('/oauth/token', form);
  const granted = tokenSchema.parse(data);
  token = { value: granted.access_token, untilMs: Date.now() + (granted.expires_in - 60) * 1000 };
  return token.value;
};

const serve = async (event: { body: unknown }) => {
  const { sessionId, consentGiven, consentType } = requestSchema.parse(event.body);
  const hash = createHash('sha256').update(sessionId).digest('hex');
  const key = { sessionHash: { S: hash } };
  const { Item: item } = await dynamoDb.send(new GetItemCommand({ TableName, Key: key }));
  const crm = item === undefined ? undefined : unmarshall(item);
  const headers = { Authorization: `Bearer ${await bearer()}` };
  const profile = {
    name: crm?.['firstName'] ?? 'Guest',
    email: crm?.['email'] ?? `visitor_${hash.slice(0, 8)}@temp.com`,
    consentGiven,
    consentType,
    attributes: {
      crmTier: crm?.['tier'] ?? 'Unknown',
      historicalTickets: crm?.['previousTickets'] ?? 0,
      integrationSource: 'node-middleware-v1',
    },
  };
  const guest = await genesys.post('/api/v2/webchat/v1/guests', profile, { headers });
  const path = `/api/v2/webchat/v1/guests/${guest.data.id}/tokens`;
  const { data } = await genesys.post(path, {}, { headers });
  logger.info('guest issued', { enrichment: crm === undefined ? 'not_found' : 'matched' });
  metrics.addMetric('Issued', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
  return {
    statusCode: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ guestId: guest.data.id, accessToken: data.token, expiresAt: data.expires_at }),
  };
};

export const handler = middy<{ body: unknown }>().use(jsonBodyParser()).handler(serve);

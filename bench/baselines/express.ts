import { createHash } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import axios from 'axios';
import express from 'express';
import serverless from 'serverless-http';

/*
 * The shape of the tutorial: an Express application with the whole flow in one route, put behind serverless-http
 * to run on Lambda.
 */
const { GENESYS_BASE_URL: base = '', GENESYS_SECRET_ID: SecretId, CRM_TABLE_NAME: TableName } = process.env;
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const secrets = new SecretsManagerClient({});

let cached: { token: string; expiresAt: number } | undefined;
const getAccessToken = async (): Promise<string> => {
  if (cached !== undefined && Date.now() < cached.expiresAt - 60_000) return cached.token;
  const { SecretString = '{}' } = await secrets.send(new GetSecretValueCommand({ SecretId }));
  const { clientId, clientSecret } = JSON.parse(SecretString);
  const { data } = await axios.post(
    `${base}/oauth/token`,
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: 'webchat:guest:write webchat:token:write',
    }),
  );
  cached = { token: data.access_token, expiresAt: Date.now() + data.expires_in * 1000 };
  return cached.token;
};

const app = express();
app.use(express.json());
app.post('/api/webchat/init', async (request, response) => {
  const { sessionId, consentGiven = true, consentType = 'explicit' } = request.body;
  if (typeof sessionId !== 'string') {
    response.status(400).json({ error: 'sessionId is required' });
    return;
  }
  const sessionHash = createHash('sha256').update(sessionId).digest('hex');
  const { Item: crm } = await documents.send(new GetCommand({ TableName, Key: { sessionHash } }));
  const headers = { Authorization: `Bearer ${await getAccessToken()}` };
  const guest = await axios.post(
    `${base}/api/v2/webchat/v1/guests`,
    {
      name: crm?.['firstName'] ?? 'Guest',
      email: crm?.['email'] ?? `visitor_${sessionHash.slice(0, 8)}@temp.com`,
      consentGiven,
      consentType,
      attributes: {
        crmTier: crm?.['tier'] ?? 'Unknown',
        historicalTickets: crm?.['previousTickets'] ?? 0,
        integrationSource: 'node-middleware-v1',
      },
    },
    { headers },
  );
  const path = `/api/v2/webchat/v1/guests/${guest.data.id}/tokens`;
  const { data } = await axios.post(`${base}${path}`, {}, { headers });
  response.json({ guestId: guest.data.id, accessToken: data.token, expiresAt: data.expires_at });
});

export const handler = serverless(app);

import { demoVisitors } from './demo-visitors.ts';
import type { StackFile } from './stack-file.ts';

const column = Math.max(...demoVisitors.map(({ sessionId }) => sessionId.length)) + 2;

const curl = (apiUrl: string): string =>
  `curl -s ${apiUrl} -H 'Content-Type: application/json' -d '{"sessionId":"demo-jane"}'`;

/** What a person sees when everything runs. */
export const overview = (
  { url, apiUrl, endpoints, tables, secretId, provider }: StackFile,
  dataFolder: string | undefined,
): string => `
  Everything is running (provider ${provider}, data ${dataFolder === undefined ? 'in memory' : `in ${dataFolder}`}).

  Website   ${url}  a product tour
  Agents    ${url}/agent  what an agent sees of a visitor
  API       ${apiUrl}  described at ${url}/docs
  Genesys   ${endpoints.genesys}  a simulator; POST /_control/faults makes it fail
  Tables    ${endpoints.dynamodb}  ${tables.crm}, ${tables.guests}
  Secret    ${endpoints.secretsManager}  ${secretId}
  Queue     ${endpoints.sqs}  its worker runs too

  Try it
    ${curl(apiUrl)}

  Demo sessions
${demoVisitors
  .map(
    ({ sessionId, shows, consentGiven }) =>
      `    ${sessionId.padEnd(column)}${shows}${consentGiven ? '' : ' (send "consentGiven": false)'}`,
  )
  .join('\n')}

  Your own customers: npm run crm -- import customers.csv --env local
  Ctrl-C ends everything.
`;

import type { Integrations } from './data-actions/run-action.ts';
import { matchEndpoint } from './endpoints.ts';
import type { Faults } from './faults.ts';
import type { Organisation } from './organisation.ts';
import { spoil } from './spoil.ts';

/** Invokes a Lambda function by its ARN, as Genesys' AWS account would. @throws where the function fails */
export type InvokeFunction = (arn: string, event: unknown) => Promise<unknown>;

/** The two integrations that data actions go through: AWS Lambda, and Genesys' own API. */
export const createIntegrations = (
  organisation: Organisation,
  faults: Faults,
  invokeFunction: InvokeFunction,
  now: () => number,
): Integrations => ({
  invokeFunction,
  callApi: async ({ method, path, headers, body }) => {
    const { pathname, searchParams: query } = new URL(path, 'http://localhost');
    const match = matchEndpoint(method, pathname);
    if (match === undefined) return { status: 404, body: '' };
    const contentType = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
    const work = () =>
      organisation.answerIntegration({
        ...match,
        // What the integration sends where the action names none.
        contentType: contentType ?? 'application/json',
        authorization: undefined,
        query,
        body,
      });
    const ending = await spoil(
      faults.take(match.endpoint),
      match.endpoint,
      work,
      now,
      new AbortController().signal,
    );
    switch (ending.kind) {
      case 'answer': {
        const { status, body: answered } = ending.answer;
        return { status, body: answered === undefined ? '' : JSON.stringify(answered) };
      }
      case 'raw':
        return { status: ending.status, body: ending.text };
      case 'reset':
      case 'hang':
        throw new Error('The API has not answered.');
    }
  },
});

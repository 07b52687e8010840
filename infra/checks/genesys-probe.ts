import { randomUUID } from 'node:crypto';
import type { GenesysSecret } from '../../lambda/aws/genesys-secret.ts';
import { createAxiosTransport } from '../../lambda/genesys/axios-transport.ts';
import { connect } from '../../lambda/genesys/connect.ts';
import { enrichBody, enrichPath } from '../../lambda/genesys/contact.ts';
import type { GenesysEvent } from '../../lambda/genesys/events.ts';
import type { TransportResponse } from '../../lambda/genesys/transport.ts';
import { webchatScope } from '../../lambda/genesys/webchat-v1.ts';
import { startDeadline } from '../../lambda/guest/deadline.ts';
import { GuestError } from '../../lambda/guest/errors.ts';
import type { Telemetry } from '../../lambda/guest/ports.ts';
import { systemClock as clock } from '../../lambda/time/system-clock.ts';
import { CheckFailed } from './check.ts';

const loginBudgetMs = 15_000;
const callTimeoutMs = 10_000;

export interface GenesysOptions {
  readonly provider: string;
  readonly baseUrl: string;
  readonly loginUrl: string;
  readonly externalSourceId: string | undefined;
  readonly secret: GenesysSecret;
}

/** One call that needs a permission of the provider, made so that nothing is created or changed. */
interface Probe {
  readonly permission: string;
  readonly path: string;
  readonly body: unknown;
  /** What Genesys answers where the permission is there. */
  readonly granted: readonly number[];
}

const probesOf = ({ provider, externalSourceId }: GenesysOptions): readonly Probe[] => {
  if (provider === 'web-messaging') {
    if (externalSourceId === undefined) {
      throw new CheckFailed('The stack has no output ExternalSourceId: deploy it again.');
    }
    const contact = { email: 'preflight@example.com', firstName: 'Preflight', anonymous: false };
    return [
      {
        permission: 'externalContacts:contact:enrich',
        path: `${enrichPath}?dryRun=true`,
        body: enrichBody(contact, randomUUID(), externalSourceId, {}),
        granted: [200, 201],
      },
    ];
  }
  return [
    // A guest without any field is refused, after the permission was looked at.
    { permission: 'webchat:guest:write', path: '/api/v2/webchat/v1/guests', body: {}, granted: [400, 422] },
    {
      permission: 'webchat:token:write',
      path: `/api/v2/webchat/v1/guests/${randomUUID()}/tokens`,
      body: {},
      granted: [404],
    },
  ];
};

/** Genesys Cloud as the function would use it, tried without creating anything. `close` ends its connections. */
export const createGenesysProbe = (options: GenesysOptions) => {
  const transport = createAxiosTransport();
  const events: string[] = [];
  const telemetry: Telemetry<GenesysEvent> = { record: (event) => events.push(event) };
  const { oauth } = connect({
    transport,
    timeoutMs: callTimeoutMs,
    loginUrl: options.loginUrl,
    credentials: {
      current: async () => options.secret,
      refresh: async () => ({ secret: options.secret }),
    },
    clock,
    telemetry,
    ...(options.provider === 'web-messaging' ? { style: 'basic' } : { style: 'body', scope: webchatScope }),
  });
  let token: string | undefined;
  let lastAnswer: TransportResponse | undefined;

  const call = async ({ path, body }: Probe): Promise<TransportResponse> => {
    if (token === undefined) throw new CheckFailed('Not tried: the login failed.');
    const answer = await transport(
      {
        method: 'POST',
        url: `${options.baseUrl}${path}`,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      },
      AbortSignal.timeout(callTimeoutMs),
    );
    lastAnswer = answer;
    return answer;
  };

  return {
    login: async (): Promise<string> => {
      const deadline = startDeadline(clock, loginBudgetMs);
      try {
        token = await oauth.get(deadline);
        return `logged in at ${new URL(options.loginUrl).host}`;
      } catch (error) {
        if (!(error instanceof GuestError)) throw error;
        throw new CheckFailed(`The login failed (${[...new Set(events)].join(', ')})`, { cause: error });
      } finally {
        deadline.clear();
      }
    },
    permissions: async (): Promise<string> => {
      const probes = probesOf(options);
      for (const probe of probes) {
        const { status } = await call(probe);
        if (status === 403) throw new CheckFailed(`The OAuth client lacks ${probe.permission}.`);
        if (!probe.granted.includes(status)) {
          throw new CheckFailed(`Genesys Cloud answered ${status} where ${probe.permission} was tried.`);
        }
      }
      return probes.map(({ permission }) => permission).join(', ');
    },
    quota: async (): Promise<string> => {
      const headers = lastAnswer?.headers ?? {};
      const [count, allowed, reset] = ['count', 'allowed', 'reset'].map(
        (name) => headers[`inin-ratelimit-${name}`],
      );
      if (count === undefined || allowed === undefined) {
        throw new CheckFailed('Genesys Cloud tells no quota: queueing ahead of its limit will not work.');
      }
      return `${count} of ${allowed} calls used, new count in ${reset ?? '?'} s`;
    },
    close: () => transport.close(),
  };
};

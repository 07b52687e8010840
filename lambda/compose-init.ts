import { createMemoryRegistry } from './aws/memory-registry.ts';
import { compose, configure, type Environment } from './compose.ts';
import { createInitialiseGuest } from './guest/initialise-guest.ts';
import { createInitHandler, type InvocationContext } from './http/handler.ts';
import type { ProxyEvent } from './http/request.ts';
import type { ProxyResponse } from './http/response.ts';
import { systemClock as clock } from './system-clock.ts';

/** The API function, warmed up. @throws ConfigError naming every fault */
export const composeInit = async (environment: Environment) => {
  const { config, observability } = configure(environment);
  const { telemetry } = observability;
  const { credentials, oauth, registration, queue, leaseMs, warmUp } = compose(config, observability);
  const { guestTtlSeconds } = config;
  const handler = createInitHandler({
    initialise: createInitialiseGuest({
      ...registration,
      queue,
      memory: createMemoryRegistry({ clock, leaseMs, guestTtlSeconds }),
      hashKeys: async (deadline) => {
        const secret = await credentials.current(deadline);
        oauth.learn(secret);
        return secret.sessionHashKeys;
      },
    }),
    signingKeys: {
      current: async (deadline) => (await credentials.current(deadline)).sessionSigningKeys,
      refreshed: async (deadline) => (await credentials.refreshForSignature(deadline))?.sessionSigningKeys,
    },
    clock,
    telemetry,
    settings: config,
  });
  await warmUp();
  let cold = true;
  return async (event: ProxyEvent, context?: InvocationContext): Promise<ProxyResponse> =>
    await observability.invocation(event?.requestContext?.requestId ?? context?.awsRequestId, async () => {
      if (cold) telemetry.record('cold_start');
      cold = false;
      return await handler(event, context);
    });
};

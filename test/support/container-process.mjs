// Lambda containers: loads a built bundle and serves invocations that its parent sends, many at once if asked.
// With INSTANCES above one the bundle is loaded as often, each time with a module scope of its own, as so many
// containers would.
import { pathToFileURL } from 'node:url';
import { probe } from './container-probe.mjs';
import { shiftClock } from './shifted-clock.mjs';

const bundle = pathToFileURL(process.env['BUNDLE'] ?? '').href;
const instances = Number(process.env['INSTANCES'] ?? '1');

const load = async () => {
  const loading = Array.from({ length: instances }, async (_, n) => await import(`${bundle}?instance=${n}`));
  return (await Promise.all(loading)).map(({ handler }) => handler);
};

const serve = (handlers) => {
  process.on('message', async ({ id, event, timeoutMs, instance = 0, thenFreeze = false, ...asked }) => {
    if (asked.shiftMs !== undefined) {
      shiftClock(asked.shiftMs);
      process.send?.({ id });
      return;
    }
    if (asked.probe === true) {
      process.send?.({ id, result: await probe() });
      return;
    }
    const endsAt = Date.now() + timeoutMs;
    const context = {
      awsRequestId: asked.requestId ?? `invocation-${id}`,
      functionName: 'guest-profiles',
      getRemainingTimeInMillis: () => endsAt - Date.now(),
    };
    // Lambda stops the container the moment it has the response, whatever still goes on in it.
    const respond = (message) =>
      process.send?.(message, () => {
        if (thenFreeze) process.kill(process.pid, 'SIGSTOP');
      });
    try {
      respond({ id, result: await handlers[instance](event, context) });
    } catch (error) {
      respond({ id, error: String(error) });
    }
  });
  process.send?.({ ready: true });
};

process.on('unhandledRejection', (error) => {
  process.stderr.write(`UNHANDLED REJECTION ${String(error)}\n`);
});
load().then(serve, (error) => {
  // What Lambda's runtime reports of a failed start: the class is named by its constructor.
  const report = { errorType: error?.constructor?.name, errorMessage: String(error?.message) };
  process.stderr.write(`${JSON.stringify(report)}\n`, () => process.exit(1));
});

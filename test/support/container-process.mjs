// One Lambda container: loads a built bundle and serves invocations that its parent sends, many at once if asked.
const { handler } = await import(process.env['BUNDLE'] ?? '');

process.on('message', async ({ id, event, timeoutMs }) => {
  const endsAt = Date.now() + timeoutMs;
  const context = {
    awsRequestId: `invocation-${id}`,
    functionName: 'guest-profiles',
    getRemainingTimeInMillis: () => endsAt - Date.now(),
  };
  try {
    process.send?.({ id, result: await handler(event, context) });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
process.on('unhandledRejection', (error) => {
  process.stderr.write(`UNHANDLED REJECTION ${String(error)}\n`);
});
process.send?.({ ready: true });

// One cold container: loads a bundle, serves what its plan says, and writes what that cost to file descriptor 3.
// Plain JavaScript without imports, so that nothing but the bundle is measured.
const { bundle, phases } = JSON.parse(process.argv[2] ?? '');
const context = {
  awsRequestId: 'bench',
  functionName: 'bench',
  getRemainingTimeInMillis: () => 29_000,
  callbackWaitsForEmptyEventLoop: true,
};
let next = 0;
const eventOf = (sessionId) => ({
  resource: '/api/webchat/init',
  path: '/api/webchat/init',
  httpMethod: 'POST',
  headers: { 'Content-Type': 'application/json', Host: 'api.example.com' },
  multiValueHeaders: { 'Content-Type': ['application/json'], Host: ['api.example.com'] },
  queryStringParameters: null,
  body: JSON.stringify({ sessionId, consentGiven: true, consentType: 'explicit' }),
  isBase64Encoded: false,
  requestContext: { requestId: `bench-${next}`, httpMethod: 'POST', path: '/api/webchat/init' },
});
const call = async (handler, sessionId, expected) => {
  next += 1;
  const { statusCode, body } = await handler(eventOf(sessionId), context);
  if (statusCode !== expected) throw new Error(`${statusCode} instead of ${expected}: ${body}`);
};
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
const cpuMs = (since) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};
/** The high-water mark of this very program: what getrusage says begins with the size of whoever forked it. */
const peakMb = () => {
  const { existsSync, readFileSync } = process.getBuiltinModule('node:fs');
  const status = '/proc/self/status';
  const [, kB] = existsSync(status) ? (/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8')) ?? []) : [];
  return (kB === undefined ? process.resourceUsage().maxRSS : Number(kB)) / 1024;
};

const cpu = process.cpuUsage();
const startedMs = nowMs();
const { handler } = await import(bundle);
const importedMs = nowMs();
const name = `${process.pid}-${startedMs}`;
await call(handler, `${name}-cold`, phases.coldStatus ?? 200);
const servedMs = nowMs();
const result = {
  importMs: importedMs - startedMs,
  firstMs: servedMs - importedMs,
  bothMs: servedMs - startedMs,
  cpuMs: cpuMs(cpu),
  peakMb: peakMb(),
  cold: [startedMs, servedMs],
};

/** Calls one at a time: CPU of each, and when each began and ended. */
const serve = async (count, sessionOf, expected = 200) => {
  const since = process.cpuUsage();
  const spans = [];
  for (let n = 0; n < count; n += 1) {
    const began = nowMs();
    await call(handler, sessionOf(n), expected);
    spans.push([began, nowMs()]);
  }
  return { cpuMs: cpuMs(since) / count, spans };
};
if (phases.settle) await serve(phases.settle, (n) => `${name}-settle-${n}`, phases.expected);
if (phases.fresh) result.fresh = await serve(phases.fresh, (n) => `${name}-${n}`, phases.expected);
if (phases.repeated) {
  await call(handler, `${name}-again`, 200);
  result.repeated = await serve(phases.repeated, () => `${name}-again`);
}
if (phases.growth) {
  result.heapMb = [];
  for (let part = 0; part < phases.growth.parts; part += 1) {
    for (let n = 0; n < phases.growth.each; n += 1) await call(handler, `${name}-g-${part}-${n}`, 200);
    global.gc();
    global.gc();
    result.heapMb.push(process.memoryUsage().heapUsed / 1e6);
  }
}
result.warmPeakMb = peakMb();
process.getBuiltinModule('node:fs').writeSync(3, JSON.stringify(result));
process.exit(0);

// One cold container: loads a bundle, serves a first request, then many one after the other; prints what it cost.
const [bundle, warmCalls] = process.argv.slice(2);
const event = (sessionId) => ({
  httpMethod: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ sessionId }),
  requestContext: { requestId: 'bench' },
});
const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 29_000 };
const call = async (handler, sessionId) => {
  const { statusCode, body } = await handler(event(sessionId), context);
  if (statusCode !== 200) throw new Error(`${statusCode} ${body}`);
};
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;

const startedMs = performance.now();
const { handler } = await import(bundle ?? '');
const importedMs = performance.now();
await call(handler, `cold-${process.pid}`);
const firstMs = performance.now();
const cpu = process.cpuUsage();
const warmStartedMs = performance.now();
for (let n = 0; n < Number(warmCalls); n += 1) await call(handler, `warm-${process.pid}-${n % 50}`);
const { user, system } = process.cpuUsage(cpu);
write(
  `${JSON.stringify({
    importMs: importedMs - startedMs,
    firstCallMs: firstMs - importedMs,
    warmCpuUs: (user + system) / Number(warmCalls),
    warmMs: (performance.now() - warmStartedMs) / Number(warmCalls),
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  })}\n`,
  () => process.exit(0),
);

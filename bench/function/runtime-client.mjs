// What Lambda's Node.js runtime does: loads the function, then takes one invocation after the other from the Runtime API.
// Plain JavaScript; node:http without its `WebSocket` export, as in the real runtime nothing else is to be loaded here.
const http = process.getBuiltinModule('node:http');
const [host, port] = (process.env['AWS_LAMBDA_RUNTIME_API'] ?? '').split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const call = async (method, path, body) =>
  await new Promise((resolve, reject) => {
    const options = { host, port, agent, method, path: `/2018-06-01/runtime/${path}` };
    const request = http.request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(body);
  });

const { handler } = await import(process.env['BUNDLE'] ?? '');
for (;;) {
  const { headers, text } = await call('GET', 'invocation/next');
  const awsRequestId = headers['lambda-runtime-aws-request-id'];
  const endsAtMs = Number(headers['lambda-runtime-deadline-ms']);
  const context = {
    awsRequestId,
    functionName: 'bench',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => endsAtMs - Date.now(),
  };
  try {
    const result = await handler(JSON.parse(text), context);
    await call('POST', `invocation/${awsRequestId}/response`, JSON.stringify(result));
  } catch (error) {
    await call('POST', `invocation/${awsRequestId}/error`, JSON.stringify({ errorMessage: String(error) }));
  }
}

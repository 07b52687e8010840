import type { ServerResponse } from 'node:http';
import * as v from 'valibot';

const headerValue = v.union([v.string(), v.number(), v.boolean()]);
const responseSchema = v.object({
  statusCode: v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599)),
  headers: v.nullish(v.record(v.string(), headerValue)),
  multiValueHeaders: v.nullish(v.record(v.string(), v.array(headerValue))),
  cookies: v.nullish(v.array(v.string())),
  body: v.nullish(v.string()),
  isBase64Encoded: v.nullish(v.boolean()),
});

export const sendMessage = (response: ServerResponse, status: number, message: string): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ message }));
};

/** Sends what a function returned. @throws where that is no proxy response */
export const sendProxyResponse = (
  response: ServerResponse,
  returned: unknown,
  extraHeaders: Readonly<Record<string, string>>,
): void => {
  const parsed = v.safeParse(responseSchema, returned);
  if (!parsed.success) throw new Error('The function returned no proxy response.');
  const { statusCode, headers, multiValueHeaders, cookies, body, isBase64Encoded } = parsed.output;
  for (const [name, value] of Object.entries({ ...headers, ...extraHeaders })) {
    response.setHeader(name, String(value));
  }
  for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
    response.setHeader(name, values.map(String));
  }
  if (cookies) response.setHeader('set-cookie', cookies);
  response.writeHead(statusCode);
  response.end(body ? Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8') : undefined);
};

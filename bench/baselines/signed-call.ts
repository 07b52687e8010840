import { createHash, createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a floor validates nothing
  readonly body: any;
}

/** One POST over node:http or node:https with keep-alive. */
export const post = async (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Reply> =>
  await new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const options = {
      method: 'POST',
      agent: secure ? agents['https:'] : agents['http:'],
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    };
    const request = (secure ? https : http).request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text || '{}') }));
    });
    request.on('error', reject);
    request.end(body);
  });

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * One call of an AWS JSON service, signed by hand.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const awsCall = async (
  {
    endpoint,
    service,
    version,
  }: { readonly endpoint: URL; readonly service: string; readonly version: string },
  target: string,
  input: unknown,
): Promise<Reply> => {
  const { AWS_REGION: region, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env;
  const body = JSON.stringify(input);
  const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const signed = 'content-type;host;x-amz-date;x-amz-target';
  const type = `application/x-amz-json-${version}`;
  const canonical = `POST\n/\n\ncontent-type:${type}\nhost:${endpoint.host}\nx-amz-date:${time}\nx-amz-target:${target}\n\n${signed}\n${sha256(body)}`;
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region ?? ''), service), 'aws4_request');
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
  return await post(
    endpoint,
    {
      'content-type': type,
      'x-amz-date': time,
      'x-amz-target': target,
      authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    },
    body,
  );
};

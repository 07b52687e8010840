// Signs a session id for X-Session-Signature, on the website's own server. Node 20 or newer, nothing to install.
// Try it:
//   export SESSION_SIGNING_KEY=<base64, from sessionSigningKeys> SESSION_TOKEN_AUDIENCE=guest-profiles:production
//   printf %s my-session-id | node sign-session.mjs
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const key = Buffer.from(process.env.SESSION_SIGNING_KEY ?? '', 'base64');
const audience = process.env.SESSION_TOKEN_AUDIENCE;
if (key.length < 32 || !audience) {
  throw new Error('Set SESSION_SIGNING_KEY (base64, at least 32 bytes) and SESSION_TOKEN_AUDIENCE.');
}

/** The simple form: t=<unix seconds>,v1=<hex>. */
const signSession = (sessionId) => {
  const t = Math.floor(Date.now() / 1000);
  return `t=${t},v1=${createHmac('sha256', key).update(`${t}.${sessionId}`).digest('hex')}`;
};

/** The same as a JSON Web Token. */
const signSessionToken = (sessionId) => {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { sub: sessionId, aud: audience, iat, exp: iat + 300 };
  const signed = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
};

// Your server signs the session id that it has given to this visitor itself, never one that a browser sends.
const sessionId = readFileSync(0, 'utf8');
console.log(signSession(sessionId));
console.log(signSessionToken(sessionId));

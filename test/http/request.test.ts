import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InternalError, RequestError, toKnownError } from '../../lambda/http/problem.ts';
import { bodyBytes, bodyText, type ProxyEvent, readRequest } from '../../lambda/http/request.ts';
import { InvalidSignatureError } from '../../lambda/http/session-signature.ts';
import { createHttpWorld, restEvent } from '../support/http-world.ts';

const uuid = /^[0-9a-f-]{36}$/;
const read = (event: object | null, awsRequestId?: string) =>
  readRequest(event as ProxyEvent | null, awsRequestId, 1000);

describe('A request', () => {
  it('is read from nothing at all', () => {
    for (const event of [null, {}, { body: null }, { body: 7 }]) {
      expect(read(event)).toEqual({
        method: '',
        headers: {},
        body: '',
        isBase64Encoded: false,
        requestId: expect.stringMatching(uuid),
        receivedAtMs: 1000,
      });
    }
  });

  it('has headers by their names in lower case, the last of several values, and none that is empty of one', () => {
    const event = {
      multiValueHeaders: { 'X-A': ['1', '2'], 'X-B': ['1'], 'X-C': undefined, 'X-D': [] },
      headers: { 'x-b': '2', 'X-E': undefined, 'X-A': null },
    };
    expect(read(event).headers).toEqual({ 'x-a': '2', 'x-b': '2' });
  });

  it('has an id that may stand in a header and a log line, or one of ours', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w.=-]{120,132}$/)), (id) => {
        const isSafe = id.length > 0 && id.length <= 128 && !/[^A-Za-z0-9_.=-]/.test(id);
        expect(read({ requestContext: { requestId: id } }).requestId).toEqual(
          isSafe ? id : expect.stringMatching(uuid),
        );
      }),
    );
    for (const id of ['a b', ' a', 'a\n', 'a\r\nX: y']) {
      expect(read({}, id).requestId).toMatch(uuid);
    }
  });
});

describe('A body', () => {
  it('is as long as its bytes, whatever it is written in', () => {
    expect(bodyBytes({ body: 'ü', isBase64Encoded: false })).toBe(2);
    expect(bodyBytes({ body: Buffer.from('ü').toString('base64'), isBase64Encoded: true })).toBe(2);
    expect(bodyBytes({ body: undefined, isBase64Encoded: false })).toBe(0);
  });

  it('keeps a byte order mark, which is no JSON', () => {
    const body = Buffer.from('\ufeff{}').toString('base64');
    expect(bodyText({ body, isBase64Encoded: true })).toBe('\ufeff{}');
  });

  it('is empty where there is none', () => {
    expect(bodyText({ body: undefined, isBase64Encoded: false })).toBe('');
  });
});

describe('A content type', () => {
  it.each([
    ['application/json', 200],
    ['APPLICATION/JSON', 200],
    ['application/json;charset=utf-8', 200],
    ['application/json ; charset=utf-8', 200],
    ['application/problem+json', 200],
    ['application/vnd.api-1+json', 200],
    ['text/json', 415],
    ['x-application/json', 415],
    ['application/jsonp', 415],
    ['application/json-seq', 415],
    ['application/+json', 415],
    ['application/a b+json', 415],
    ['application/json, text/plain', 415],
    ['', 415],
  ])('%j is answered with %d', async (type, status) => {
    const { handler } = createHttpWorld();
    const event = restEvent({ sessionId: 's' }, { headers: { 'Content-Type': type } });
    expect((await handler(event)).statusCode).toBe(status);
  });
});

describe('What was thrown', () => {
  const withStatus = (statusCode: unknown) => Object.assign(new Error('secret'), { statusCode });

  it.each([400, 415, 422, 499])(
    'by the body parser, with the status %d, is a body that is not JSON',
    (status) => {
      expect(toKnownError(withStatus(status), false)).toMatchObject({ code: 'invalid_json' });
    },
  );

  it.each([
    ['500', withStatus(500)],
    ['no status', new Error('secret')],
    ['a text', 'secret'],
    ['a thing', { statusCode: 400 }],
  ])('is a defect of ours, or the end of the time: %s', (_, thrown) => {
    const defect = toKnownError(thrown, false);
    expect(defect).toBeInstanceOf(InternalError);
    expect(defect).toMatchObject({ message: 'Something went wrong on our side.', cause: thrown });
    expect(toKnownError(thrown, true)).toMatchObject({ code: 'deadline_exceeded', cause: thrown });
  });

  it('is left as it is where it is known, and bears its name', () => {
    const known = [
      new RequestError('invalid_json', 'why'),
      new InternalError('why'),
      new InvalidSignatureError('missing'),
    ];
    for (const error of known) expect(toKnownError(error, true)).toBe(error);
    expect(known.map(({ name }) => name)).toEqual(['RequestError', 'InternalError', 'InvalidSignatureError']);
  });
});

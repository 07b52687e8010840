// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates and texts with their signs
import { beforeEach, describe, expect, it } from '@jest/globals';
import { dataActionFiles } from '../../../infra/build/data-action-files.ts';
import { readExportedAction } from '../../../local/genesys/data-actions/exported-action.ts';
import { type Integrations, runAction } from '../../../local/genesys/data-actions/run-action.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:resolve';
const files = dataActionFiles({
  functionArn,
  attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets' },
});
const whoIsThis = readExportedAction(files['who-is-this']);
const findCommunication = readExportedAction(files['find-communication']);
const associateContact = readExportedAction(files['associate-contact']);

describe('an exported data action, executed', () => {
  let invoked: { arn: string; event: unknown }[];
  let called: Parameters<Integrations['callApi']>[0][];
  let result: unknown;
  let answer: { status: number; body: string };
  const integrations: Integrations = {
    invokeFunction: async (arn, event) => {
      invoked.push({ arn, event });
      return result;
    },
    callApi: async (request) => {
      called.push(request);
      return answer;
    },
  };
  beforeEach(() => {
    invoked = [];
    called = [];
    result = { found: false };
    answer = { status: 200, body: '{}' };
  });

  it('invokes the function of its ARN and passes its answer on', async () => {
    result = { found: true, crmTier: 'Enterprise', historicalTickets: 12 };
    const input = { guestReference: 'ref', conversationId: 'c-1' };
    expect(await runAction(whoIsThis, input, integrations)).toEqual(result);
    expect(invoked).toEqual([{ arn: functionArn, event: input }]);
  });

  it('keeps text of a visitor inside its string, whatever is in it', async () => {
    const hostile =
      'x", "conversationId": "other", "y": "\\ \n\t${input.conversationId} $esc.quote #if(1) é\u2028';
    const input = { guestReference: hostile, conversationId: 'c-1' };
    await runAction(whoIsThis, input, integrations);
    expect(invoked[0]?.event).toEqual(input);
  });

  it('passes text of the CRM on as it is, dollar signs and all', async () => {
    result = { found: true, firstName: '$input #set($x=1) "Ann" ${rawResult}' };
    const output = await runAction(whoIsThis, { guestReference: 'r', conversationId: 'c' }, integrations);
    expect(output).toEqual(result);
  });

  it('finds the communication of the customer, and an empty text where there is none', async () => {
    const participants = [
      { purpose: 'acd', messages: [{ id: 'wrong' }] },
      { purpose: 'customer', messages: [{ id: 'm-1' }] },
    ];
    answer = { status: 200, body: JSON.stringify({ id: 'c-1', participants }) };
    const find = () => runAction(findCommunication, { conversationId: 'c-1' }, integrations);
    expect(await find()).toEqual({ communicationId: 'm-1' });
    expect(called[0]).toMatchObject({ method: 'GET', path: '/api/v2/conversations/c-1', body: '' });
    answer = { status: 200, body: '{"participants":[]}' };
    expect(await find()).toEqual({ communicationId: '' });
  });

  it('associates a contact, although the response has no body', async () => {
    answer = { status: 204, body: '' };
    const input = { externalContactId: 'x-1', conversationId: 'c-1', communicationId: 'm-1' };
    expect(await runAction(associateContact, input, integrations)).toEqual({ associated: true });
    expect(called[0]).toMatchObject({
      method: 'PUT',
      path: '/api/v2/externalcontacts/conversations/c-1',
      headers: { 'Content-Type': 'application/json' },
    });
    expect(JSON.parse(called[0]?.body ?? '')).toEqual({ ...input, mediaType: 'MESSAGE' });
  });

  describe('fails, with the step and without a value', () => {
    const failure = async (work: Promise<unknown>) => {
      const error = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ name: 'ActionFailure' });
      return error as { step: string; message: string };
    };
    const ask = (input: Record<string, unknown>) => failure(runAction(whoIsThis, input, integrations));

    it('where the input breaks its contract, before anything is called', async () => {
      expect(await ask({ guestReference: 7, conversationId: 'c' })).toMatchObject({ step: 'input' });
      expect(await ask({ conversationId: 'c' })).toMatchObject({ step: 'input' });
      expect(invoked).toEqual([]);
    });

    it('where the function or the API fails', async () => {
      const broken: Integrations = {
        ...integrations,
        invokeFunction: () => Promise.reject(new Error('Unhandled')),
      };
      const input = { guestReference: 'r', conversationId: 'c' };
      expect(await failure(runAction(whoIsThis, input, broken))).toMatchObject({ step: 'request' });
      answer = { status: 404, body: '{}' };
      expect(
        await failure(runAction(findCommunication, { conversationId: 'c' }, integrations)),
      ).toMatchObject({ step: 'request', message: expect.stringContaining('404') });
    });

    it('where the answer breaks the contract, as with a type that nobody has declared', async () => {
      const input = { guestReference: 'r', conversationId: 'c' };
      for (const wrong of [{}, { found: 'yes' }, { found: true, historicalTickets: 'twelve' }, null]) {
        result = wrong;
        const { step, message } = await ask(input);
        expect(step).toBe('output');
        expect(message).not.toContain('twelve');
      }
    });
  });
});

describe('the export format', () => {
  const text = files['associate-contact'];
  it.each([
    ['no JSON', '{'],
    ['an unknown integration', text.replace('purecloud-data-actions', 'other')],
    ['no success template', text.replace('successTemplate', 'template')],
    ['a contract that is no schema', text.replace('"type": "string"', '"type": "text"')],
  ])('with %s is refused', (_, changed) => {
    expect(() => readExportedAction(changed)).toThrow();
  });

  it('may carry fields of a newer version, and name a draft of JSON Schema', () => {
    const action = JSON.parse(text);
    action.newer = true;
    action.contract.input.inputSchema.$schema = 'http://json-schema.org/draft-04/schema#';
    expect(readExportedAction(JSON.stringify(action)).name).toBe('Guest profiles: associate contact');
  });
});

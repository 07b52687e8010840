// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the templates are Velocity's
import type { resolvedFields } from '../../lambda/data-action/resolved-fields.ts';
import { type DataAction, type FlowType, flag, objectOf, type Schema, text } from './data-action.ts';

export interface DataActionOptions {
  /** ARN of the function `resolve`, or of its alias. */
  readonly functionArn: string;
  /** Genesys name → field or attribute of the CRM record. */
  readonly attributeMap: Readonly<Record<string, string>>;
  /** Types of mapped attributes, by their Genesys name; text where it is not known otherwise. */
  readonly types?: Readonly<Record<string, FlowType>>;
}

/** Text of a visitor must not be able to end the string that it stands in. */
const escaped = (name: string): string => `"$esc.jsonString(\${input.${name}})"`;

const conversationId = text('Id of the conversation');

/** What `resolve` answers beside the mapped attributes. */
const fixed: Readonly<Record<(typeof resolvedFields)[number], Schema>> = {
  found: flag('Whether the visitor is known; all else is absent where it is false'),
  verified: flag("Whether the website's own server signed the session"),
  consentGiven: flag('Whether the visitor agreed to the use of their record'),
  consentType: text('explicit or implicit'),
  enrichment: text('matched, not_found, no_consent or degraded'),
  firstName: text('First name in the CRM'),
  email: text('E-mail address in the CRM'),
  externalContactId: text('Id of the external contact'),
  integrationSource: text('The integration that this comes from'),
};

const typesOfFields: Readonly<Record<string, FlowType>> = { previousTickets: 'integer' };

const mapped = ({ attributeMap, types = {} }: DataActionOptions): Record<string, Schema> =>
  Object.fromEntries(
    Object.entries(attributeMap).map(([name, field]) => [
      name,
      { type: types[name] ?? typesOfFields[field] ?? 'string', description: `${field} in the CRM` },
    ]),
  );

const resolve = (options: DataActionOptions): DataAction => ({
  name: 'Guest profiles: who is this',
  integrationType: 'aws-lambda-data-actions',
  actionType: 'custom',
  config: {
    request: {
      requestUrlTemplate: options.functionArn,
      requestType: 'POST',
      headers: {},
      requestTemplate: `{ "guestReference": ${escaped('guestReference')}, "conversationId": ${escaped('conversationId')} }`,
    },
    response: { translationMap: {}, translationMapDefaults: {}, successTemplate: '${rawResult}' },
  },
  contract: {
    input: {
      inputSchema: objectOf(
        { guestReference: text('From the participant data that the page has sent'), conversationId },
        ['guestReference', 'conversationId'],
      ),
    },
    output: { successSchema: objectOf({ ...fixed, ...mapped(options) }, ['found']) },
  },
  secure: false,
});

/** A contact is associated with a communication; a flow knows the id of its conversation only. */
const findCommunication: DataAction = {
  name: 'Guest profiles: find communication',
  integrationType: 'purecloud-data-actions',
  actionType: 'custom',
  config: {
    request: {
      requestUrlTemplate: '/api/v2/conversations/${input.conversationId}',
      requestType: 'GET',
      headers: {},
      requestTemplate: '${input.rawRequest}',
    },
    response: {
      translationMap: { communicationId: "$.participants[?(@.purpose=='customer')].messages[0].id" },
      translationMapDefaults: { communicationId: '[]' },
      successTemplate:
        '{ "communicationId": ${successTemplateUtils.firstFromArray("${communicationId}", "$esc.quote$esc.quote")} }',
    },
  },
  contract: {
    input: { inputSchema: objectOf({ conversationId }, ['conversationId']) },
    output: {
      successSchema: objectOf({ communicationId: text('Id of the customer’s communication') }, [
        'communicationId',
      ]),
    },
  },
  secure: false,
};

const associateContact: DataAction = {
  name: 'Guest profiles: associate contact',
  integrationType: 'purecloud-data-actions',
  actionType: 'custom',
  config: {
    request: {
      requestUrlTemplate: '/api/v2/externalcontacts/conversations/${input.conversationId}',
      requestType: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      requestTemplate: `{ "externalContactId": ${escaped('externalContactId')}, "conversationId": ${escaped('conversationId')}, "communicationId": ${escaped('communicationId')}, "mediaType": "MESSAGE" }`,
    },
    // The response has no body.
    response: {
      translationMap: {},
      translationMapDefaults: {},
      successTemplate: '{ "associated": true }',
    },
  },
  contract: {
    input: {
      inputSchema: objectOf(
        {
          externalContactId: text('From "who is this"'),
          conversationId,
          communicationId: text('From "find communication"'),
        },
        ['externalContactId', 'conversationId', 'communicationId'],
      ),
    },
    output: { successSchema: objectOf({ associated: flag('Always true') }, ['associated']) },
  },
  secure: false,
};

/** Names of the files, in the order in which the flow calls them. */
export const dataActionNames = ['who-is-this', 'find-communication', 'associate-contact'] as const;
export type DataActionName = (typeof dataActionNames)[number];

/** The mapping of attributes cannot become an action; the message is one sentence. */
export class DataActionError extends Error {
  override readonly name = 'DataActionError';
}

const arnPattern = /^arn:aws[\w-]*:lambda:[a-z\d-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?$/;

/**
 * The text of each file that the organisation's administrator imports.
 * @throws DataActionError for an ARN that is none, a name that `resolve` uses itself, a type for an unknown name
 */
export const dataActionFiles = (options: DataActionOptions): Readonly<Record<DataActionName, string>> => {
  const { functionArn, attributeMap, types = {} } = options;
  if (!arnPattern.test(functionArn)) {
    throw new DataActionError(
      'The function must be an ARN such as arn:aws:lambda:<region>:<account>:function:<name>.',
    );
  }
  for (const name of Object.keys(attributeMap)) {
    if (Object.hasOwn(fixed, name))
      throw new DataActionError(`ATTRIBUTE_MAP uses ${name}, a name of resolve itself.`);
  }
  for (const name of Object.keys(types)) {
    if (!Object.hasOwn(attributeMap, name))
      throw new DataActionError(`ATTRIBUTE_MAP has no ${name} that could have a type.`);
  }
  const actions: Record<DataActionName, DataAction> = {
    'who-is-this': resolve(options),
    'find-communication': findCommunication,
    'associate-contact': associateContact,
  };
  const written = dataActionNames.map((name) => [name, `${JSON.stringify(actions[name], undefined, 2)}\n`]);
  return Object.fromEntries(written);
};

import * as v from 'valibot';
import { authorise, createAccessTokens } from './access-tokens.ts';
import { type Answer, limitedAnswer, oauthLimited, Refusal, refuse } from './answer.ts';
import { createContacts } from './contacts.ts';
import { createConversationApi } from './conversation-api.ts';
import { createConversations } from './conversations.ts';
import type { Match } from './endpoints.ts';
import { createGuests } from './guests.ts';
import { answerTokenRequest } from './oauth.ts';
import { createRateLimit } from './rate-limit.ts';
import { type Settings, type SettingsChange, settingsSchema } from './settings.ts';
import { createSessions } from './web-messaging/sessions.ts';

export interface OrganisationRequest extends Match {
  readonly contentType: string;
  readonly authorization: string | undefined;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** The simulated organisation: what it knows, allows and limits. */
export const createOrganisation = (initial: SettingsChange, now: () => number) => {
  let settings: Settings = v.parse(settingsSchema, initial);
  const tokens = createAccessTokens(now);
  const guests = createGuests(now);
  const contacts = createContacts();
  const conversations = createConversations(now);
  const sessions = createSessions(conversations, now);
  const conversationApi = createConversationApi(conversations, contacts.all);
  const apiLimit = createRateLimit();
  const oauthLimit = createRateLimit();

  const work = (request: OrganisationRequest): Answer => {
    const { endpoint, id, partId, contentType, body, query } = request;
    switch (endpoint) {
      case 'oauth':
        return answerTokenRequest(request, settings, tokens);
      case 'guest':
        return guests.create(contentType, body, settings);
      case 'guest_token':
        return guests.issueToken(id, contentType, body, settings);
      case 'enrich':
        return contacts.enrich(contentType, body, query.get('dryRun') === 'true');
      case 'lookup':
        return contacts.lookup(contentType, body);
      case 'contact':
        return contacts.read(id);
      case 'delete_contact':
        return contacts.delete(id);
      case 'associate':
        return conversationApi.associate(id, contentType, body);
      case 'conversation':
        return conversationApi.read(id);
      case 'participant_data':
        return conversationApi.setAttributes(id, partId, contentType, body);
      case 'agent_message':
        return conversationApi.send(id, partId, contentType, body);
    }
  };

  /** Runs a step; what it refuses is its answer. */
  const attempt = (step: () => Answer): Answer => {
    try {
      return step();
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  };

  const answerOAuth = (request: OrganisationRequest): Answer => {
    const { exceeded, resetSeconds } = oauthLimit.take(settings.oauthPerMinute, now());
    return exceeded ? oauthLimited(resetSeconds) : work(request);
  };

  const answerApi = (request: OrganisationRequest): Answer => {
    const granted = tokens.authenticate(request.authorization);
    const { exceeded, resetSeconds, headers } = apiLimit.take(settings.apiPerMinute, now());
    if (exceeded) return limitedAnswer(resetSeconds, { headers });
    const answer = attempt(() => {
      authorise(request.endpoint, granted, settings);
      return work(request);
    });
    return { ...answer, headers: { ...answer.headers, ...headers } };
  };

  return {
    guests,
    contacts,
    conversations,
    sessions,
    tokens,
    get settings(): Settings {
      return settings;
    },
    /** @throws ValiError for an unknown or wrong setting */
    change: (change: unknown): void => {
      settings = v.parse(settingsSchema, { ...settings, ...(change as SettingsChange) });
    },
    answer: (request: OrganisationRequest): Answer => {
      if (!request.methodAllowed) return refuse(405, 'method.not.allowed', 'Method not allowed').answer;
      return attempt(() => (request.endpoint === 'oauth' ? answerOAuth(request) : answerApi(request)));
    },
    /** A call of the organisation's own integrations, which have a client, a role and a quota of their own. */
    answerIntegration: (request: OrganisationRequest): Answer =>
      request.methodAllowed
        ? attempt(() => work(request))
        : refuse(405, 'method.not.allowed', 'Method not allowed').answer,
    /** Forgets guests, contacts, conversations, sessions, tokens and counts; keeps the settings. */
    reset: (): void => {
      guests.clear();
      contacts.clear();
      sessions.clear();
      conversations.clear();
      tokens.revokeAll();
      apiLimit.reset();
      oauthLimit.reset();
    },
  };
};
export type Organisation = ReturnType<typeof createOrganisation>;

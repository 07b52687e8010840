export interface EndpointRule {
  readonly method: string;
  readonly path: RegExp;
  /** What a token must be granted for. */
  readonly scope?: string;
  /** What the client's roles must allow. */
  readonly permission?: string;
}

/** The simulated endpoints and what a token needs for each. `path` matches after an optional gateway prefix. */
export const endpoints = {
  oauth: { method: 'POST', path: /^\/oauth\/token$/ },
  guest: { method: 'POST', path: /^\/api\/v2\/webchat\/v1\/guests$/, scope: 'webchat:guest:write' },
  guest_token: {
    method: 'POST',
    path: /^\/api\/v2\/webchat\/v1\/guests\/([^/]+)\/tokens$/,
    scope: 'webchat:token:write',
  },
  enrich: {
    method: 'POST',
    path: /^\/api\/v2\/externalcontacts\/contacts\/enrich$/,
    permission: 'externalContacts:contact:enrich',
  },
  lookup: {
    method: 'POST',
    path: /^\/api\/v2\/externalcontacts\/identifierlookup\/contacts$/,
    permission: 'externalContacts:contact:view',
  },
  contact: {
    method: 'GET',
    path: /^\/api\/v2\/externalcontacts\/contacts\/([^/]+)$/,
    permission: 'externalContacts:contact:view',
  },
  associate: {
    method: 'PUT',
    path: /^\/api\/v2\/externalcontacts\/conversations\/([^/]+)$/,
    permission: 'externalContacts:conversation:associate',
  },
  conversation: {
    method: 'GET',
    path: /^\/api\/v2\/conversations\/([^/]+)$/,
    permission: 'conversation:communication:view',
  },
  participant_data: {
    method: 'PATCH',
    path: /^\/api\/v2\/conversations\/messages\/([^/]+)\/participants\/([^/]+)\/attributes$/,
    permission: 'conversation:message:participate',
  },
  agent_message: {
    method: 'POST',
    path: /^\/api\/v2\/conversations\/messages\/([^/]+)\/communications\/([^/]+)\/messages$/,
    permission: 'conversation:message:participate',
  },
  delete_contact: {
    method: 'DELETE',
    path: /^\/api\/v2\/externalcontacts\/contacts\/([^/]+)$/,
    permission: 'externalContacts:contact:delete',
  },
} as const satisfies Record<string, EndpointRule>;

export type Endpoint = keyof typeof endpoints;
export const endpointNames = Object.keys(endpoints) as [Endpoint, ...Endpoint[]];

export interface Match {
  readonly endpoint: Endpoint;
  /** The id in the path, decoded; of two ids the first. */
  readonly id: string;
  /** The second id in the path, decoded. */
  readonly partId: string;
  readonly methodAllowed: boolean;
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Finds the endpoint of a request; a gateway's `/login` or `/api` prefix is dropped. */
export const matchEndpoint = (method: string, pathname: string): Match | undefined => {
  const path = pathname.replace(/^\/(?:login(?=\/oauth\/)|api(?=\/api\/))/, '');
  const matches = endpointNames.flatMap((endpoint) => {
    const found = endpoints[endpoint].path.exec(path);
    if (found === null) return [];
    return [
      {
        endpoint,
        id: decoded(found[1] ?? ''),
        partId: decoded(found[2] ?? ''),
        methodAllowed: endpoints[endpoint].method === method,
      },
    ];
  });
  return matches.find(({ methodAllowed }) => methodAllowed) ?? matches[0];
};

import type { WireCall } from './wire/treatment.ts';

/** The functions, `init` with each provider. */
export const subjects = {
  init: { title: '`init`, provider `webchat-v1`', bundle: 'init' },
  'init-web-messaging': { title: '`init`, provider `web-messaging`', bundle: 'init' },
  drain: { title: '`drain`, the overflow worker', bundle: 'drain' },
  resolve: { title: "`resolve`, the agent's view", bundle: 'resolve' },
} as const;
export type Subject = keyof typeof subjects;
export const subjectNames = Object.keys(subjects) as readonly Subject[];

/** What a container connects to. */
export type FrontName = 'secrets' | 'dynamodb' | 'sqs' | 'login' | 'api';
export type Service = 'secrets' | 'dynamodb' | 'sqs' | 'oauth' | 'genesys';

export interface Dependency {
  readonly title: string;
  readonly service: Service;
  readonly front: FrontName;
  readonly matches: (call: WireCall) => boolean;
  readonly subjects: readonly Subject[];
  /** Whose connection it shares: a fault of the connection meets both, and is in that one's rows. */
  readonly sharesConnectionWith?: string;
  /** The call before it on the same connection: a fault of the connection begins after it. */
  readonly comesAfter?: (call: WireCall) => boolean;
}

/** How the tables' names begin; each lane has tables of its own. */
export const crmTables = 'crm-';
export const guestTables = 'guests-';
const names =
  (text: string) =>
  ({ body }: WireCall): boolean =>
    body.includes(text);
const isOperation =
  (name: string) =>
  ({ operation }: WireCall): boolean =>
    operation === name;
const everything = (): boolean => true;
const isVault = names('"oauth#');

const all: readonly Subject[] = ['init', 'init-web-messaging', 'drain', 'resolve'];

/** Everything that the functions call. */
export const dependencies = {
  secrets: {
    title: 'Secrets Manager',
    service: 'secrets',
    front: 'secrets',
    matches: everything,
    subjects: all,
  },
  registry: {
    title: 'DynamoDB: guest registry',
    service: 'dynamodb',
    front: 'dynamodb',
    matches: (call) => names(`"${guestTables}`)(call) && !isVault(call),
    subjects: all,
  },
  crm: {
    title: 'DynamoDB: CRM record',
    service: 'dynamodb',
    front: 'dynamodb',
    matches: names(`"${crmTables}`),
    subjects: all,
    sharesConnectionWith: 'registry',
  },
  vault: {
    title: 'DynamoDB: shared OAuth token',
    service: 'dynamodb',
    front: 'dynamodb',
    matches: isVault,
    subjects: ['init', 'drain', 'resolve'],
    sharesConnectionWith: 'registry',
  },
  oauth: {
    title: 'Genesys: OAuth token',
    service: 'oauth',
    front: 'login',
    matches: everything,
    subjects: ['init', 'drain', 'resolve'],
  },
  guest: {
    title: 'Genesys: guest creation',
    service: 'genesys',
    front: 'api',
    matches: isOperation('guest'),
    subjects: ['init', 'drain'],
  },
  'guest-token': {
    title: 'Genesys: guest token',
    service: 'genesys',
    front: 'api',
    matches: isOperation('guest_token'),
    comesAfter: isOperation('guest'),
    subjects: ['init'],
  },
  contact: {
    title: 'Genesys: external contact',
    service: 'genesys',
    front: 'api',
    matches: isOperation('enrich'),
    subjects: ['resolve'],
  },
  queue: {
    title: 'SQS, while Genesys limits',
    service: 'sqs',
    front: 'sqs',
    matches: everything,
    subjects: ['init', 'drain'],
  },
} as const satisfies Record<string, Dependency>;
export type DependencyName = keyof typeof dependencies;
export const dependencyNames = Object.keys(dependencies) as readonly DependencyName[];
export const dependencyOf = (name: DependencyName): Dependency => dependencies[name];

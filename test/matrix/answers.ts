import type { DependencyName, Subject } from './dependencies.ts';
import type { Meaning } from './faults.ts';
import { faultOf } from './faults.ts';
import type { Row, State } from './observation.ts';

/** Answers that a promise allows, by what the fault means. */
type ByMeaning = Readonly<Record<Meaning, readonly string[]>>;

const always = (...answers: readonly string[]): ByMeaning => ({
  unsent: answers,
  lost: answers,
  limit: answers,
  'daily-limit': answers,
  refusal: answers,
  nonsense: answers,
  odd: answers,
  partial: answers,
});
const unavailable = ['503 genesys_unavailable', '504 deadline_exceeded'];
const rejected = ['502 genesys_rejected'];
const served = ['200 matched'];

/** As the contract says of calls to Genesys that the visitor waits for. */
const genesysCall = (limit: readonly string[]): ByMeaning => ({
  ...always(...unavailable),
  limit,
  refusal: rejected,
  nonsense: rejected,
  // A body may be believed whatever it says it is, or refused.
  odd: [...served, ...rejected],
});
const workerCall: ByMeaning = {
  ...always('again'),
  'daily-limit': ['given up'],
  refusal: ['given up'],
  nonsense: ['given up'],
  odd: ['registered', 'given up'],
};

/** Where AWS's answer may be usable after all: a wrong label, blanks behind it, a clock that the SDK corrects. */
const orServed = (answers: ByMeaning, ...good: readonly string[]): ByMeaning => ({
  ...answers,
  odd: [...answers.odd, ...good],
  nonsense: [...answers.nonsense, ...good],
});

type Promises = Readonly<Partial<Record<DependencyName, ByMeaning>>>;

const init: Promises = {
  // The chat opens without the CRM, and without the registry.
  crm: orServed(always('200 degraded'), ...served),
  registry: always('200 degraded', ...served),
  vault: always(...served),
  secrets: orServed(always('500 internal_error'), ...served),
  oauth: genesysCall(['202 queued', '503 genesys_unavailable']),
  guest: genesysCall(['202 queued']),
  'guest-token': genesysCall(['503 genesys_unavailable']),
  // Genesys limits, and the queue is away.
  queue: orServed(always('503 genesys_unavailable'), '202 queued'),
};

const allowed: Readonly<Record<Subject, Promises>> = {
  init,
  'init-web-messaging': init,
  drain: {
    crm: orServed(always('again'), 'registered'),
    registry: orServed(always('again'), 'registered'),
    vault: always('registered'),
    secrets: orServed(always('again'), 'registered'),
    oauth: workerCall,
    // What may have been created is not created again: the visitor's next request starts anew.
    guest: { ...workerCall, lost: ['dropped'], nonsense: ['dropped'], odd: ['registered', 'dropped'] },
    queue: always('again'),
  },
  resolve: {
    crm: orServed(always('found, degraded'), 'found'),
    registry: orServed(always('function error'), 'found'),
    vault: always('found'),
    secrets: orServed(always('function error'), 'found'),
    // A contact that fails costs only that field.
    oauth: { ...always('found, no contact'), odd: ['found', 'found, no contact'] },
    contact: { ...always('found, no contact'), odd: ['found', 'found, no contact'] },
  },
};

/** What a function answers when nothing is wrong. */
export const wholeAnswers: readonly string[] = ['200 matched', 'registered', 'found'];

/** The answers that a cell may show. */
export const allowedAnswers = ({ subject, dependency, fault }: Row, state: State): readonly string[] => {
  // A warm container knows the secret.
  if (dependency === 'secrets' && state === 'warm') return wholeAnswers;
  return allowed[subject][dependency]?.[faultOf(fault).meaning] ?? [];
};

import { describe, expect, it } from '@jest/globals';
import { type NextStep, nextStep, type Situation } from '../../lambda/guest/next-step.ts';
import type { Lease, Registration } from '../../lambda/guest/ports.ts';
import type { Visitor } from '../../lambda/guest/visitor.ts';
import { guestAt } from '../support/registry-contract.ts';

const hash = 'a'.repeat(64);
const consent = { given: true, type: 'explicit', stated: true } as const;
const visitor: Visitor = {
  session: { hashes: [hash], binding: 'b' },
  consent,
  verified: false,
  profile: { email: 'jane@example.com', anonymous: false },
  profileDigest: 'digest-1',
  enrichment: 'matched',
};
const guest = guestAt(0, { consent });
const other = guestAt(0, { consent, profileDigest: 'another' });
const lease: Lease = { hashes: [hash], owner: 'me', untilMs: 5000, takenOver: false };
const entry = (parts: Partial<Registration> = {}): Registration => ({
  versions: new Map([[hash, 'v1']]),
  guestEverywhere: true,
  verified: false,
  consent,
  ...parts,
});
const queued = { atMs: 1 };
const failed = { atMs: 1 };

/** What is known → what a request does next. */
const table: readonly [sentence: string, situation: Partial<Situation>, step: Partial<NextStep>][] = [
  ['nothing is known: ask for the lease', {}, { kind: 'acquire' }],
  ['the lease is held and there is no guest: register', { lease }, { kind: 'register', previous: undefined }],
  ['a guest fits: use it', { registration: entry({ guest }) }, { kind: 'use', guest, stated: false }],
  [
    'a guest fits, but is known under one key only: ask for the lease',
    { registration: entry({ guest, guestEverywhere: false }) },
    { kind: 'acquire' },
  ],
  [
    'a guest fits and is known under one key only, with the lease: remember it',
    { lease, registration: entry({ guest, guestEverywhere: false }) },
    { kind: 'save', guest },
  ],
  [
    'a guest fits and is known under one key only while somebody else holds the lease: use it',
    { registration: entry({ guest, guestEverywhere: false, leasedUntilMs: 1 }) },
    { kind: 'use', guest },
  ],
  [
    'a guest fits while a registration of another profile is queued: use it',
    { registration: entry({ guest, queued }) },
    { kind: 'use', guest },
  ],
  [
    'a guest fits while a registration of another consent has failed: use it',
    { registration: entry({ guest, failed }) },
    { kind: 'use', guest },
  ],
  ['a guest does not fit: ask for the lease', { registration: entry({ guest: other }) }, { kind: 'acquire' }],
  [
    'a guest does not fit, with the lease: register in its place',
    { lease, registration: entry({ guest: other }) },
    { kind: 'register', previous: other },
  ],
  [
    'the provider does not know the guest any more: ask for the lease',
    { unknown: [guest.guestId], registration: entry({ guest }) },
    { kind: 'acquire' },
  ],
  [
    'the provider does not know the guest any more, with the lease: register without it',
    { lease, unknown: [guest.guestId], registration: entry({ guest }) },
    { kind: 'register', previous: undefined },
  ],
  [
    'a guest fits while the CRM is away, under another type of consent: what is stated is not its consent',
    {
      lease,
      visitor: { ...visitor, enrichment: 'degraded', consent: { ...consent, type: 'implicit' } },
      registration: entry({ guest: { ...guest, consent: { ...consent, stated: false } } }),
    },
    { kind: 'save', guest: { ...guest, consent: { ...consent, stated: true } } },
  ],
  [
    'a guest fits and nobody has ever stated anything: remember it as it is',
    {
      lease,
      visitor: { ...visitor, consent: { ...consent, stated: false } },
      registration: entry({ guest, consent: undefined }),
    },
    { kind: 'save', guest },
  ],
  ['somebody else registers: wait', { registration: entry({ leasedUntilMs: 1 }) }, { kind: 'wait' }],
  [
    'the lease may be ours without our knowing: ask again',
    { leaseUncertain: true, registration: entry({ leasedUntilMs: 1 }) },
    { kind: 'acquire' },
  ],
  ['it is queued: say so', { registration: entry({ queued }) }, { kind: 'queued', stated: false }],
  [
    'it is queued under another consent: state the newer one',
    { registration: entry({ queued, consent: { ...consent, given: false } }) },
    { kind: 'queued', stated: true },
  ],
  [
    'it was given up: refuse',
    { registration: entry({ failed }) },
    { kind: 'refuse', code: 'registration_failed' },
  ],
  [
    'the session was verified and this request is not: refuse, though the guest would fit',
    { registration: entry({ guest, verified: true }) },
    { kind: 'refuse', code: 'unverified' },
  ],
  [
    'the session becomes verified: its guest of before does not fit',
    { visitor: { ...visitor, verified: true }, registration: entry({ guest }) },
    { kind: 'acquire' },
  ],
  [
    'consent is stated where silence had counted: use the guest, and remember what was stated',
    { registration: entry({ guest, consent: { ...consent, stated: false } }) },
    { kind: 'use', guest, stated: true },
  ],
  [
    'nothing is stated where consent was: use the guest, and change nothing',
    { visitor: { ...visitor, consent: { ...consent, stated: false } }, registration: entry({ guest }) },
    { kind: 'use', guest, stated: false },
  ],
];

describe('What a request does next', () => {
  it.each(table)('%s', (_, situation, step) => {
    const unknown = {
      visitor,
      provider: 'webchat-v1',
      registration: undefined,
      lease: undefined,
      leaseUncertain: false,
      unknown: [],
    };
    expect(nextStep({ ...unknown, ...situation })).toMatchObject(step);
  });
});

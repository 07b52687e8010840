import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { balance } from './balance.ts';
import { createSiteBook, openContainerBook } from './book.ts';
import type { SiteFacts } from './facts.ts';
import { flatness, tolerance } from './flatness.ts';
import type { Measured } from './fleet.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** `npm run soak` as a developer runs it: what it says, whatever its exit status, and that. */
const soak = async (...options: string[]): Promise<{ readonly told: string; readonly status: number }> => {
  const program = ['local/bootstrap.mjs', '--import', 'tsx', 'test/soak/run.ts', ...options];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: root });
    return { told: stdout, status: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
    return { told: `${stdout}${stderr}`, status: code };
  }
};

const measured = (served: number, held: Partial<Measured['held']> = {}, made = 0): Measured => ({
  name: 'init-1',
  served,
  made,
  held: { heapBytes: 10e6, sockets: 4, socketListeners: 7, processListeners: 11, resources: {}, ...held },
});

const hash = 'ab'.repeat(32);
/** What a run leaves behind: one container that wrote these lines and gave one response 200. */
const factsOf = (lines: readonly object[], more: Partial<SiteFacts> = {}): SiteFacts => {
  const site = createSiteBook();
  const { book, onOutput } = openContainerBook(site, 'init');
  onOutput(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  book.answers.set('Issued', 1);
  return {
    provider: 'webchat-v1',
    book: site,
    requests: 1,
    guests: [{ id: 'guest-1', hash, key: 'jane', isForgotten: false }],
    awayOf: () => 0,
    reasonsOf: () => 1,
    storyOf: () => '',
    messages: 0,
    stillQueued: [],
    failed: new Set(),
    unserved: [],
    tokens: new Set(),
    written: [],
    broken: [],
    ...more,
  };
};
const metrics = (counts: Readonly<Record<string, number>>) => ({
  _aws: { CloudWatchMetrics: [{ Metrics: Object.keys(counts).map((Name) => ({ Name })) }] },
  ...counts,
});
const created = { code: 'guest_created', sessionHash: hash, guestId: 'guest-1' };
const issued = { code: 'request_issued' };
const counted = metrics({ Issued: 1, GuestsCreated: 1 });
const brokenIn = (facts: SiteFacts): readonly string[] =>
  balance(facts).flatMap(({ check, isBroken }) => (isBroken ? [check] : []));

describe('A soak', () => {
  it('of the built bundles, with faults, breaks no balance, and nothing grows', async () => {
    const { told, status } = await soak('--requests', '700');
    // All of it at once: what is broken is said in a failing test, too.
    expect(told).toMatch(
      /requests of \d+ sessions, \d+ troubles of \d+ kinds, \d+ containers ended: every balance holds/,
    );
    expect(status).toBe(0);
  }, 300_000);

  it('says so on an option that it cannot read', async () => {
    const { told, status } = await soak('--minutes', 'soon');
    expect(told).toContain('must be a whole number of at least 1');
    expect(status).toBe(1);
  }, 60_000);
});

describe('The balance', () => {
  it('holds where everything was said and counted once', () => {
    expect(brokenIn(factsOf([created, issued, counted]))).toEqual([]);
  });

  it.each([
    [
      'a response that is counted twice',
      [created, issued, metrics({ Issued: 2, GuestsCreated: 1 })],
      {},
      'requests = responses by class',
    ],
    [
      'a request that nobody answered',
      [created, issued, counted],
      { requests: 2 },
      'requests = responses by class',
    ],
    ['a guest that is not counted', [created, issued, metrics({ Issued: 1 })], {}, 'metrics = log lines'],
    ['a guest that nobody says was made', [issued, metrics({ Issued: 1 })], {}, 'guests = GuestsCreated'],
    ['a guest that Genesys never had', [created, issued, counted], { guests: [] }, 'guests = GuestsCreated'],
    [
      'a message that is left',
      [created, issued, counted],
      { messages: 1 },
      'the queue is empty, everybody is guest or failed',
    ],
    [
      'an entry that still waits',
      [created, issued, counted],
      { stillQueued: [hash] },
      'the queue is empty, everybody is guest or failed',
    ],
    [
      'a session id in a line',
      [created, { ...issued, note: 'sid-secret-1' }, counted],
      {},
      'nothing personal, no token, no secret',
    ],
    [
      'a token in a line',
      [created, { ...issued, note: 'x'.repeat(86) }, counted],
      {},
      'nothing personal, no token, no secret',
    ],
  ] as const)('breaks for %s', (_, lines, more, check) => {
    expect(brokenIn(factsOf(lines, more))).toContain(check);
  });

  it('breaks for a second guest of the same profile and consent, unless an orphan was counted for it', () => {
    const guests = ['guest-1', 'guest-2'].map((id) => ({ id, hash, key: 'jane', isForgotten: false }));
    const second = { ...created, guestId: 'guest-2' };
    const both = metrics({ Issued: 1, GuestsCreated: 2 });
    const check = 'guests = distinct session, profile and consent';
    expect(brokenIn(factsOf([created, second, issued, both], { guests }))).toEqual([check]);
    const orphan = { code: 'guest_orphaned', sessionHash: hash };
    const three = metrics({ Issued: 1, GuestsCreated: 2, GuestsOrphaned: 1 });
    expect(brokenIn(factsOf([created, second, orphan, issued, three], { guests }))).toEqual([]);
  });
});

describe('What a container holds', () => {
  const start = measured(tolerance.warmAfterRequests);

  it('is flat while its heap grows by no more than code and caches', () => {
    expect(flatness([[start], [start], [measured(1000, { heapBytes: 11e6 })]]).isBroken).toBe(false);
  });

  it('that has settled may grow by less', () => {
    const settled = measured(tolerance.settledAfterRequests);
    expect(flatness([[settled], [measured(1000, { heapBytes: 10.8e6 })]]).isBroken).toBe(true);
  });

  it('may keep the guests that it made, and no more beside them', () => {
    const settled = measured(tolerance.settledAfterRequests);
    const heapBytes = 10e6 + 3_100_000;
    expect(flatness([[settled], [measured(2250, { heapBytes }, 2000)]]).isBroken).toBe(false);
    expect(flatness([[settled], [measured(2250, { heapBytes }, 1900)]]).isBroken).toBe(true);
  });

  it.each([
    ['a kilobyte of every request', { heapBytes: 10e6 + 2000 * 1024 }],
    ['a listener on the process', { processListeners: 12 }],
    ['a listener on a socket for each request', { socketListeners: 11 }],
    ['sockets', { sockets: 11 }],
    ['timers', { resources: { Timeout: 3 } }],
  ])('is not where it keeps %s', (_, held) => {
    expect(flatness([[start], [start], [measured(2050, held)]]).isBroken).toBe(true);
  });

  it('is not known where nobody served enough to be measured', () => {
    expect(flatness([[measured(3)], [measured(5)]]).isBroken).toBe(true);
    expect(flatness([[], []]).isBroken).toBe(true);
  });
});

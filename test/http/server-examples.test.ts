import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { verifySession } from '../../lambda/http/session-verification.ts';

const folder = fileURLToPath(new URL('../../docs/examples/', import.meta.url));
const built = mkdtempSync(`${tmpdir()}/server-examples-`);
const key = Buffer.alloc(32, 0xfb);
const audience = 'guest-profiles:test';
const environment = {
  ...process.env,
  SESSION_SIGNING_KEY: key.toString('base64'),
  SESSION_TOKEN_AUDIENCE: audience,
  // The examples read and write UTF-8 whatever the machine's language is.
  LC_ALL: 'C',
};
const limitMs = 120_000;

type Command = readonly [string, ...string[]];

const run = ([program, ...given]: Command, input = '', env: NodeJS.ProcessEnv = environment) =>
  spawnSync(program, given, { cwd: folder, env, input, encoding: 'utf8', timeout: limitMs });

const isAtHand = (command: Command): boolean => run(command).status === 0;

interface Example {
  readonly language: string;
  readonly file: string;
  /** Commands that end well where the language is at hand. */
  readonly needs: readonly Command[];
  readonly build?: Command;
  readonly sign: Command;
}

const python = ['python3', 'python'].find((name) => isAtHand([name, '--version'])) ?? 'python3';
const program = `${built}/SignSession.exe`;

const examples: readonly Example[] = [
  {
    language: 'Node',
    file: 'sign-session.mjs',
    needs: [[process.execPath, '--version']],
    sign: [process.execPath, 'sign-session.mjs'],
  },
  {
    language: 'Python',
    file: 'sign_session.py',
    needs: [[python, '--version']],
    sign: [python, 'sign_session.py'],
  },
  {
    language: 'PHP',
    file: 'sign_session.php',
    needs: [['php', '--version']],
    sign: ['php', 'sign_session.php'],
  },
  {
    language: 'Java',
    file: 'SignSession.java',
    // Running a source file needs the compiler; `--version` came with Java 9, source files with 11.
    needs: [['javac', '--version']],
    sign: ['java', 'SignSession.java'],
  },
  {
    language: 'C#',
    file: 'SignSession.cs',
    needs: [
      ['mcs', '--version'],
      ['mono', '--version'],
    ],
    build: ['mcs', `-out:${program}`, 'SignSession.cs'],
    sign: ['mono', program],
  },
];

const missing = new Map(
  examples.flatMap(({ language, needs }) => {
    const absent = needs.filter((command) => !isAtHand(command)).map(([name]) => name);
    return absent.length === 0 ? [] : [[language, absent.join(' and ')] as const];
  }),
);
const found = examples.filter(({ language }) => !missing.has(language));

const verify = async (header: string, sessionId: string): Promise<boolean> => {
  const keys = { current: async () => [key], refreshed: async () => undefined };
  const deadline = { signal: new AbortController().signal, remainingMs: () => 8000 };
  return await verifySession(header, sessionId, { mode: 'required', audience, keys }, Date.now(), deadline);
};

describe("The examples for the website's server", () => {
  // Past Jest's own console, so that a run of all tests shows it, too.
  process.stderr.write(
    `Signing examples run: ${found.map(({ language }) => language).join(', ')}; not on this machine: ${
      [...missing].map(([language, absent]) => `${language} (${absent})`).join(', ') || 'none'
    }.\n`,
  );

  afterAll(() => rmSync(built, { recursive: true }));

  it('are each named here', () => {
    expect(examples.map(({ file }) => file).sort()).toEqual(readdirSync(folder).sort());
  });

  it('are run for Node at least', () => {
    expect(found.map(({ language }) => language)).toContain('Node');
  });

  for (const [language, absent] of missing) {
    it.skip(`${language} is not tried: ${absent} is not on this machine`, () => {});
  }

  describe.each(found)('$language', ({ build, sign }) => {
    it(
      'signs in both forms what this service verifies, for that session only',
      async () => {
        if (build !== undefined) expect(run(build)).toMatchObject({ status: 0 });
        for (const sessionId of ['b1946ac9-2c1f-4c8e-9d0a-6b1f3a2e5d4c', 'Zürich/"7\\ 漢字 \u{1F600}']) {
          const { status, stdout, stderr } = run(sign, sessionId);
          expect({ status, stderr }).toMatchObject({ status: 0 });
          const headers = stdout.trimEnd().split(/\r?\n/);
          expect(headers).toEqual([expect.stringMatching(/^t=/), expect.stringMatching(/^ey/)]);
          for (const header of headers) {
            expect(await verify(header, sessionId)).toBe(true);
            await expect(verify(header, `${sessionId}x`)).rejects.toThrow('The session signature');
          }
        }
      },
      limitMs,
    );

    it(
      'says what it needs, and signs nothing without a key',
      () => {
        if (build !== undefined) expect(run(build)).toMatchObject({ status: 0 });
        for (const name of ['SESSION_SIGNING_KEY', 'SESSION_TOKEN_AUDIENCE']) {
          const { status, stdout, stderr } = run(sign, 'session', { ...environment, [name]: undefined });
          expect(status).not.toBe(0);
          expect(stdout).toBe('');
          expect(stderr).toContain(
            'Set SESSION_SIGNING_KEY (base64, at least 32 bytes) and SESSION_TOKEN_AUDIENCE.',
          );
        }
      },
      limitMs,
    );
  });
});

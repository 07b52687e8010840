import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const workflows = readdirSync(`${root}.github/workflows`).map((name) => read(`.github/workflows/${name}`));
const deploy = read('.github/workflows/deploy.yml');

describe('the workflows', () => {
  it('pin every action to a commit, with its release beside it', () => {
    const uses = workflows.flatMap((text) => [...text.matchAll(/uses: (.+)$/gm)].map(([, action]) => action));
    expect(uses.length).toBeGreaterThan(4);
    for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('may read only, except where a deployment asks for an OpenID Connect token', () => {
    for (const text of workflows) expect(text).toMatch(/^permissions:(\n {2}contents: read| \{\})$/m);
    expect(deploy.match(/id-token: write/g)).toHaveLength(1);
  });

  it('install and build where no token can be asked for, and deploy what was packed there', () => {
    const [build = '', release = ''] = deploy.split(/^ {2}deploy:$/m);
    expect(build).toContain('npm ci');
    expect(build).not.toMatch(/id-token|configure-aws-credentials/);
    expect(release).toContain('id-token: write');
    expect(release).not.toMatch(/npm |npx |pipx |checkout@/);
    const order = [
      'download-artifact@',
      'sha256sum --check --strict',
      'tar --extract',
      'configure-aws',
      'deploy --app',
    ];
    const places = order.map((step) => release.indexOf(step));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    // Node's package cache could carry what another branch put there.
    for (const text of workflows) expect(text).not.toContain('cache: npm');
  });

  it('skip tests in an emergency only for what the main branch has', () => {
    expect(deploy).toMatch(
      /name: Test\n +if: .*!\(inputs\.closed \|\| inputs\.emergency\) \|\| github\.ref_name != github\.event\.repository\.default_branch/,
    );
  });

  it('hold no keys: a role is assumed', () => {
    for (const text of workflows) expect(text).not.toMatch(/secrets\.|aws-access-key|AWS_SECRET/i);
    expect(deploy).toMatch(/role-to-assume: \$\{\{ vars\.AWS_ROLE_ARN \}\}/);
  });

  it('never write an input into a script, where it could become one', () => {
    for (const text of workflows) {
      for (const [, script] of text.matchAll(/run: (\|\n(?: {10,}.*\n?)+|.+)/g))
        expect(script).not.toContain('${{');
    }
  });

  it('offer the environments that GitHub has, so that no list is kept twice', () => {
    expect(deploy).toMatch(/environment:\n +description: .*config\/\n +required: true\n +type: environment/);
  });

  it('check every template with cfn-lint and checkov, and themselves with zizmor, at fixed versions', () => {
    const test = read('.github/workflows/test.yml');
    for (const tool of ['cfn-lint', 'checkov', 'zizmor']) {
      expect(test).toMatch(new RegExp(`pipx run ${tool}==\\d+\\.\\d+\\.\\d+`));
    }
  });

  it('run the suites against services of another make, each tool and image at a fixed version', () => {
    const peers = read('.github/workflows/peers.yml');
    for (const tool of ["'moto\\[server\\]", 'schemathesis']) {
      expect(peers).toMatch(new RegExp(`pipx install ${tool}==\\d+\\.\\d+\\.\\d+`));
    }
    expect(peers).toMatch(/aws-lambda-ric@\d+\.\d+\.\d+/);
    const images = [...peers.matchAll(/image: (.+)$/gm)].map(([, image]) => image);
    expect(images).toHaveLength(2);
    for (const image of images)
      expect(image).toMatch(/^[\w-]+\/[\w-]+:\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$/);
    expect(peers).toContain('npm run peers');
  });

  it('set every variable by which a suite takes such a service or tool: without it the suite would pass untried', () => {
    const sources = [
      'test/support/peers.ts',
      ...readdirSync(`${root}test/peers`).map((name) => `test/peers/${name}`),
    ];
    const names = sources.flatMap((path) =>
      [...read(path).matchAll(/'(TEST_[A-Z_]+)'/g)].map(([, name]) => name),
    );
    expect(names.length).toBeGreaterThanOrEqual(5);
    const peers = read('.github/workflows/peers.yml');
    for (const name of names) expect(peers).toMatch(new RegExp(`^ {6}${name}: `, 'm'));
  });

  it('test before they deploy, and try what was deployed', () => {
    const order = ['npm test', 'cdk synth', 'cdk deploy --app', 'preflight.mjs --env', 'smoke.mjs --url'].map(
      (step) => deploy.indexOf(step),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
  });
});

describe('the threat model', () => {
  const rows = read('docs/security.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| attacker'));

  it('names for each attack a control and tests that exist', () => {
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      const [attacker, attack, control, proof = ''] = row.split('|').slice(1, -1);
      for (const cell of [attacker, attack, control]) expect(cell?.trim()).not.toBe('');
      const tests = [...proof.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
      expect(tests).not.toEqual([]);
      expect(tests.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
    }
  });
});

describe('the operations manual', () => {
  it('links only to paragraphs and files that exist', () => {
    for (const name of ['operations', 'security', 'upgrading']) {
      const text = read(`docs/${name}.md`);
      for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
        if (target.startsWith('https://')) continue;
        const [file, anchor] = target.split('#');
        const document = file === '' || file === undefined ? text : read(`docs/${file}`);
        const anchors = [...document.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
          heading.toLowerCase().replaceAll(' ', '-'),
        );
        if (anchor !== undefined) expect(anchors).toContain(anchor);
      }
    }
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { problems } from '../lambda/contract.ts';
import { optionalVariables, requiredVariables } from '../lambda/env.ts';
import { catalogue } from '../lambda/telemetry/log-codes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
];

/** Rows of the README's table under a heading. */
const rowsUnder = (heading: string): string[][] =>
  (read('README.md').split(`## ${heading}`)[1]?.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

const codesIn = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code ?? []);

describe('The README', () => {
  it('lists every variable of the function once, and no other', () => {
    expect(
      rowsUnder('Configuration')
        .map(([name]) => name?.replaceAll('`', ''))
        .sort(),
    ).toEqual([...requiredVariables, ...optionalVariables].sort());
  });

  it('says which variables are required', () => {
    const required = rowsUnder('Configuration').filter(([, fallback]) => fallback === 'required');
    expect(required.map(([name]) => name?.replaceAll('`', '')).sort()).toEqual([...requiredVariables].sort());
  });

  it('names problem codes and log codes that exist', () => {
    const rows = rowsUnder('Troubleshooting');
    expect(rows.length).toBeGreaterThan(0);
    for (const [answer = '', codes = ''] of rows) {
      for (const code of codesIn(answer).filter((text) => text !== 'degraded')) {
        expect(Object.keys(problems)).toContain(code);
      }
      for (const code of codesIn(codes)) expect(Object.keys(catalogue)).toContain(code);
    }
  });
});

describe('Every page', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const folder = page.includes('/') ? page.slice(0, page.lastIndexOf('/') + 1) : '';
    const targets = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].flatMap(([, target]) => target ?? []);
    for (const target of targets.filter((text) => !/^[a-z]+:/.test(text))) {
      expect([target, existsSync(`${root}${folder}${target}`)]).toEqual([target, true]);
    }
  });

  it.each(pages)('%s names files of the source that exist', (page) => {
    for (const [, path = ''] of read(page).matchAll(
      /`((?:test|lambda|infra|crm|bench|local|website)\/[^`\s]*)`/g,
    )) {
      expect([path, existsSync(`${root}${path}`)]).toEqual([path, true]);
    }
  });

  it.each(pages)('%s names npm scripts that exist', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [, name = ''] of read(page).matchAll(/npm run (\w[\w:-]*)/g)) {
      expect([name, name in scripts]).toEqual([name, true]);
    }
  });
});

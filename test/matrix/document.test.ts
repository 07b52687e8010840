import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { dependencyNames, dependencyOf, subjectNames } from './dependencies.ts';
import { type FaultName, faultOf, faults } from './faults.ts';
import { leftOut } from './left-out.ts';
import { rows } from './observation.ts';

const document = readFileSync(new URL('../../docs/reliability.md', import.meta.url), 'utf8');

/** What stands between the marks of a name. */
const between = (name: string): string =>
  document.split(`<!-- matrix:${name} -->`)[1]?.split(`<!-- /matrix:${name} -->`)[0] ?? '';

/** First cells of the tables of a function, under the title of each dependency. */
const faultsInDocument = (subject: string): readonly string[] => {
  let title = '';
  return between(subject)
    .split('\n')
    .flatMap((line) => {
      title = /^\*\*(.*)\*\*$/.exec(line)?.[1] ?? title;
      const first = /^\| (.*?) +\|/.exec(line)?.[1];
      return first === undefined || first === 'fault' || first.startsWith('-') ? [] : [`${title} | ${first}`];
    });
};

describe('docs/reliability.md', () => {
  it.each(subjectNames)('has a row for each fault of each dependency of %s, and no other', (subject) => {
    const known = rows()
      .filter((row) => row.subject === subject)
      .map(({ dependency, fault }) => `${dependencyOf(dependency).title} | ${faultOf(fault).title}`);
    expect(known.length).toBeGreaterThan(40);
    expect(faultsInDocument(subject)).toEqual(known);
  });

  it('sums up each dependency of each function', () => {
    for (const { dependency } of rows()) {
      expect(between('overview')).toContain(`| ${dependencyOf(dependency).title} `);
    }
  });
});

describe('The matrix', () => {
  it('gives each fault two names that no other has', () => {
    const titles = Object.values(faults).map(({ title, of }) => `${of} ${title}`);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('lets each fault meet somebody', () => {
    const met = new Set(rows().map(({ fault }) => fault));
    expect([...met].sort()).toEqual(Object.keys(faults).sort());
  });

  it('says of each pair that it leaves out why it does', () => {
    const reasons = subjectNames.flatMap((subject) =>
      dependencyNames.flatMap((dependency) =>
        (Object.keys(faults) as FaultName[]).flatMap((fault) => leftOut(subject, dependency, fault) ?? []),
      ),
    );
    expect(reasons.length + rows().length).toBe(
      subjectNames.length * dependencyNames.length * Object.keys(faults).length,
    );
    expect(new Set(reasons)).not.toContain('');
  });
});

import {
  type DependencyName,
  dependencyNames,
  dependencyOf,
  type Subject,
  subjectNames,
} from './dependencies.ts';
import { type FaultName, faults } from './faults.ts';
import { leftOut } from './left-out.ts';

/** One fault of one dependency of one function. */
export interface Row {
  readonly subject: Subject;
  readonly dependency: DependencyName;
  readonly fault: FaultName;
  readonly over: 'plain' | 'secure';
}

/** `cold`: the container starts under the fault. `warm`: it has served before. */
export type State = 'cold' | 'warm';
export const states: readonly State[] = ['cold', 'warm'];

export interface Trace {
  /** Log codes, in order. */
  readonly codes: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** What was seen in a cell. */
export interface Cell extends Trace {
  readonly answer: string;
  /** What breaks the contract in the answer. */
  readonly faults: readonly string[];
  readonly durationMs: number;
  readonly budgetMs: number;
  /** How often the fault has met a call. */
  readonly met: number;
  /** Calls to the dependency. */
  readonly calls: number;
  /** Calls that create a guest. */
  readonly creations: number;
  /** Guests of the visitor at Genesys when the response was there; contacts for `resolve`. */
  readonly guests: number;
  /** What was left behind in the registry and the queue. */
  readonly left: readonly string[];
  /** Guests that were one too many for their profile, at the very end. */
  readonly extraGuests: number;
  readonly orphans: number;
  readonly unknownGuests: number;
  readonly leaks: readonly string[];
  readonly crashes: readonly string[];
  /** What was wrong after the fault. */
  readonly afterwards: readonly string[];
}

/** Every row of the matrix, by function and dependency. */
export const rows = (): readonly Row[] =>
  subjectNames.flatMap((subject) =>
    dependencyNames
      .filter((dependency) => dependencyOf(dependency).subjects.includes(subject))
      .flatMap((dependency) =>
        (Object.keys(faults) as FaultName[])
          .filter((fault) => leftOut(subject, dependency, fault) === undefined)
          .map((fault): Row => {
            const over = fault === 'expired-certificate' ? 'secure' : 'plain';
            return { subject, dependency, fault, over };
          }),
      ),
  );

/** The name of a row on the command line and in messages. */
export const nameOf = ({ subject, dependency, fault }: Row): string => `${subject}/${dependency}/${fault}`;

/** Log codes that a container has written. */
export const codesIn = (output: string): readonly string[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"code"'))
    .flatMap((line) => {
      const { code } = JSON.parse(line) as { code?: unknown };
      return typeof code === 'string' ? [code] : [];
    });

import { describe, it } from '@jest/globals';
import { foreign } from './peers.ts';

type Service = keyof typeof foreign;

const label = (service: Service, reason: string) => (name: string) =>
  `${name} [skipped at a foreign ${service}: ${reason}]`;

/** `it` for a test that only the embedded service can serve; at a foreign one it is skipped, and its name says why. */
export const itEmbedded = (service: Service, reason: string) => {
  const named = label(service, reason);
  return (name: string, test: () => Promise<void>, timeoutMs?: number): void =>
    foreign[service] === undefined ? it(name, test, timeoutMs) : it.skip(named(name), test, timeoutMs);
};

/** The same for a whole `describe`. */
export const describeEmbedded = (service: Service, reason: string) => {
  const named = label(service, reason);
  return (name: string, tests: () => void): void =>
    foreign[service] === undefined ? describe(name, tests) : describe.skip(named(name), tests);
};

/** `describe` for tests that need a tool from elsewhere; where its variable is not set they are skipped, and say so. */
export const describeWith = (variable: `TEST_${string}`, what: string) => {
  const value = process.env[variable] || undefined;
  return (name: string, tests: (value: string) => void): void =>
    value === undefined
      ? describe.skip(`${name} [skipped: ${variable} does not name ${what}]`, () => tests(''))
      : describe(name, () => tests(value));
};

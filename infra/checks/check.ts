/** What a check found. `skipped`: it could not be tried, and that is no fault. */
export type CheckStatus = 'ok' | 'failed' | 'skipped';

export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  /** For people; holds no secret, token or personal data. */
  readonly detail: string;
}

/** A check failed; its message says why and what to do. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** A check cannot be tried. */
export class CheckSkipped extends Error {
  override readonly name = 'CheckSkipped';
}

interface Check {
  readonly name: string;
  /** @returns what was found. @throws CheckFailed, CheckSkipped */
  readonly run: () => Promise<string>;
}

/** Checks one after the other, since later ones rest on earlier ones. Whatever else is thrown is a failure, too. */
export const runChecks = async (checks: readonly Check[]): Promise<CheckResult[]> => {
  const results: CheckResult[] = [];
  for (const { name, run } of checks) {
    try {
      results.push({ name, status: 'ok', detail: await run() });
    } catch (error) {
      const status = error instanceof CheckSkipped ? 'skipped' : 'failed';
      results.push({ name, status, detail: explain(error) });
    }
  }
  return results;
};

/** Errors of libraries by their name: their messages may repeat what was sent. */
const explain = (error: unknown): string => {
  if (error instanceof CheckFailed || error instanceof CheckSkipped) return error.message;
  return error instanceof Error ? `${error.name}: unexpected` : 'unexpected failure';
};

const marks = { ok: 'ok     ', failed: 'FAILED ', skipped: 'skipped' } as const;

/** Prints the results, for people or as JSON for a pipeline. @returns the exit code: 0, or 1 when a check failed */
export const report = (
  title: string,
  results: readonly CheckResult[],
  { json, print }: { readonly json: boolean; readonly print: (line: string) => void },
): number => {
  const passed = results.every(({ status }) => status !== 'failed');
  if (json) print(JSON.stringify({ title, passed, checks: results }));
  else {
    print(title);
    for (const { name, status, detail } of results) print(`  ${marks[status]} ${name}: ${detail}`);
    print(passed ? 'All checks passed.' : 'At least one check failed.');
  }
  return passed ? 0 : 1;
};

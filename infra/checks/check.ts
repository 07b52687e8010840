/**
 * What a check found. `todo`: a step of the setup is still to be done, and nothing is broken. `skipped`: it could
 * not be tried, and that is no fault.
 */
export type CheckStatus = 'ok' | 'failed' | 'todo' | 'skipped';

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

/** A step of the setup is still to be done; the message says which, and how. */
export class CheckTodo extends Error {
  override readonly name = 'CheckTodo';
}

/** A check cannot be tried. */
export class CheckSkipped extends Error {
  override readonly name = 'CheckSkipped';
}

interface Check {
  readonly name: string;
  /** @returns what was found. @throws CheckFailed, CheckTodo, CheckSkipped */
  readonly run: () => Promise<string>;
}

/** Checks one after the other, since later ones rest on earlier ones. Whatever else is thrown is a failure, too. */
export const runChecks = async (checks: readonly Check[]): Promise<CheckResult[]> => {
  const results: CheckResult[] = [];
  for (const { name, run } of checks) {
    try {
      results.push({ name, status: 'ok', detail: await run() });
    } catch (error) {
      results.push({ name, status: statusOf(error), detail: explain(error) });
    }
  }
  return results;
};

const statusOf = (error: unknown): CheckStatus => {
  if (error instanceof CheckSkipped) return 'skipped';
  return error instanceof CheckTodo ? 'todo' : 'failed';
};

/** Errors of libraries by their name: their messages may repeat what was sent. */
const explain = (error: unknown): string => {
  if (error instanceof CheckFailed || error instanceof CheckTodo || error instanceof CheckSkipped) {
    return error.message;
  }
  return error instanceof Error ? `${error.name}: unexpected` : 'unexpected failure';
};

const marks = { ok: 'ok     ', failed: 'FAILED ', todo: 'TO DO  ', skipped: 'skipped' } as const;
const verdicts = {
  0: 'All checks passed.',
  1: 'At least one check failed.',
  3: 'Nothing is broken; at least one step is still to be done.',
} as const;

/**
 * Prints the results, for people or as JSON for a pipeline.
 * @returns the exit code: 0, 1 when a check failed, 3 when none failed and a step is still to be done
 */
export const report = (
  title: string,
  results: readonly CheckResult[],
  { json, print }: { readonly json: boolean; readonly print: (line: string) => void },
): 0 | 1 | 3 => {
  const has = (wanted: CheckStatus): boolean => results.some(({ status }) => status === wanted);
  const code = has('failed') ? 1 : has('todo') ? 3 : 0;
  if (json) print(JSON.stringify({ title, passed: code === 0, checks: results }));
  else {
    print(title);
    for (const { name, status, detail } of results) print(`  ${marks[status]} ${name}: ${detail}`);
    print(verdicts[code]);
  }
  return code;
};

import type { GenesysSecret } from '../../lambda/aws/genesys-secret.ts';
import { examplesLeft } from '../environments.ts';
import type { Settings } from '../settings.ts';
import { readStack, type Stack, StackError } from '../stack-outputs.ts';
import { checkConcurrency, explainCredentials } from './account-checks.ts';
import { CheckFailed, type CheckResult, CheckSkipped, CheckTodo, runChecks } from './check.ts';
import { createGenesysProbe } from './genesys-probe.ts';
import { checkResolve } from './resolve-check.ts';
import { readSecret } from './secret-check.ts';

export interface PreflightOptions {
  readonly env: string;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  /** Only what can be known before the stack exists. */
  readonly beforeDeploy?: boolean;
}

/** What is not given, the SDK finds out by itself. */
const accessOf = ({ region, profile }: PreflightOptions) => ({
  ...(region === undefined ? {} : { region }),
  ...(profile === undefined ? {} : { profile }),
});

/** The stack's own values, as its outputs or the local stack have them. */
const findStack = async (options: PreflightOptions, folder: string): Promise<Stack> => {
  try {
    return await readStack({ env: options.env, ...accessOf(options) }, folder);
  } catch (error) {
    if (error instanceof StackError) throw new CheckFailed(error.message, { cause: error });
    return explainCredentials(error);
  }
};

/** What a fresh clone still has to decide. Examples keep visitors out; the rest is a step of the setup. */
export const judgeSettings = (settings: Settings): string => {
  const { name, keepData, protect, pageEmails, ticketEmails, environment } = settings;
  const examples = examplesLeft(settings);
  if (examples.length > 0) {
    throw new CheckFailed(`config/${name}.json still has the examples ${examples.join(', ')}.`);
  }
  const steps = [
    ...(keepData && !protect
      ? ['set "protect": true and deploy again, once the first deployment has succeeded']
      : []),
    ...(environment === 'production' && (pageEmails.length === 0 || ticketEmails.length === 0)
      ? ['name pageEmails and ticketEmails: nobody hears of some alarms']
      : []),
  ];
  if (steps.length > 0) throw new CheckTodo(`Next: ${steps.join('; ')}.`);
  return 'no example values left';
};

/**
 * Tries everything that an environment needs before visitors come, and changes nothing.
 * @param settings undefined for the local stack
 * @param folder the project's folder: `--env local` reads `.local/stack.json` there
 */
export const preflight = async (
  options: PreflightOptions,
  settings: Settings | undefined,
  folder: string,
): Promise<CheckResult[]> => {
  const region = options.region ?? settings?.region;
  const own = [
    {
      name: 'settings',
      run: async () => (settings === undefined ? 'those of the local stack' : judgeSettings(settings)),
    },
  ];
  const concurrency = {
    name: 'concurrency',
    run: async () => {
      if (settings === undefined || region === undefined) throw new CheckSkipped('Not tried: no account.');
      return await checkConcurrency(settings, accessOf({ ...options, region }));
    },
  };
  return options.beforeDeploy === true
    ? await runChecks([...own, concurrency])
    : await checkDeployed({ ...options, region }, settings, folder, own);
};

const checkDeployed = async (
  options: PreflightOptions,
  settings: Settings | undefined,
  folder: string,
  own: readonly { readonly name: string; readonly run: () => Promise<string> }[],
): Promise<CheckResult[]> => {
  let stack: Stack | undefined;
  let secret: GenesysSecret | undefined;
  let probe: ReturnType<typeof createGenesysProbe> | undefined;
  const genesys = () => {
    if (stack?.genesys === undefined || secret === undefined) {
      throw new CheckSkipped('Not tried: stack or secret are missing.');
    }
    const { provider, baseUrl, loginUrl = baseUrl, externalSourceId } = stack.genesys;
    probe ??= createGenesysProbe({ provider, baseUrl, loginUrl, externalSourceId, secret });
    return probe;
  };
  const results = await runChecks([
    ...own,
    {
      name: 'stack',
      run: async () => {
        stack = await findStack(options, folder);
        return stack.label;
      },
    },
    {
      name: 'secret',
      run: async () => {
        if (stack === undefined) throw new CheckSkipped('Not tried: the stack is missing.');
        secret = await readSecret(stack, settings);
        return 'filled in and well-formed';
      },
    },
    { name: 'login', run: async () => await genesys().login() },
    { name: 'permissions', run: async () => await genesys().permissions() },
    { name: 'quota', run: async () => await genesys().quota() },
    {
      name: 'resolve',
      run: async () => {
        if (stack === undefined) throw new CheckSkipped('Not tried: the stack is missing.');
        return await checkResolve(stack);
      },
    },
  ]);
  probe?.close();
  return results;
};

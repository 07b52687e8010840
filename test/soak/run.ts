import { Command, InvalidArgumentError } from 'commander';
import { type SoakReport, soak } from './soak.ts';

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const count = (text: string): number => {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) {
    throw new InvalidArgumentError('must be a whole number of at least 1.');
  }
  return Number(text);
};

const print = ({ requests, sessions, replaced, troubles, findings }: SoakReport): boolean => {
  const met = [...troubles.values()].reduce((all, times) => all + times, 0);
  for (const { provider, check, isBroken, text } of findings) {
    say(`${isBroken ? 'BROKEN' : 'ok    '} ${provider}: ${check}: ${text}`);
  }
  const broken = findings.filter(({ isBroken }) => isBroken).length;
  say(
    `${requests} requests of ${sessions} sessions, ${met} troubles of ${troubles.size} kinds, ${replaced} containers ended: ` +
      (broken === 0 ? 'every balance holds.' : `${broken} balances are broken.`),
  );
  return broken === 0;
};

const program = new Command('soak')
  .description(
    'Mixed traffic with faults through the built bundles (run `npm run build` first), in processes of their own,\n' +
      'against the services of the local stack; then an audit from the outside. Exit status 1 where a balance breaks.',
  )
  .option('--minutes <number>', 'how long visitors come', count)
  .option('--requests <number>', 'how many requests, without --minutes', count, 900)
  .option('--seed <number>', 'what visitors do, and which faults there are', count, 1)
  .action(async (options: { minutes?: number; requests: number; seed: number }) => {
    const startedMs = performance.now();
    const seconds = (): string => ((performance.now() - startedMs) / 1000).toFixed(0);
    const isGood = print(await soak({ ...options, onProgress: (text) => say(`${seconds()} s  ${text}`) }));
    say(`seed ${options.seed}, ${seconds()} s`);
    process.stdout.write('', () => process.exit(isGood ? 0 : 1));
  });

await program.parseAsync();

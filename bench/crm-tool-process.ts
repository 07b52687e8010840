import { writeFileSync } from 'node:fs';

// A process of its own: runs the CRM tool and writes how much memory it took at most (kB) to $PEAK_FILE.
process.once('exit', () => {
  const { PEAK_FILE } = process.env;
  if (PEAK_FILE !== undefined) writeFileSync(PEAK_FILE, String(process.resourceUsage().maxRSS));
});
await import('../crm/main.ts');

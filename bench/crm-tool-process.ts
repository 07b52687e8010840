import { writeFileSync } from 'node:fs';

// A process of its own: runs the CRM tool and writes what it took to $USAGE_FILE: the most memory (kB), and CPU time.
process.once('exit', () => {
  const { USAGE_FILE } = process.env;
  if (USAGE_FILE === undefined) return;
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const usage = { peakKb: maxRSS, cpuMs: (userCPUTime + systemCPUTime) / 1000 };
  writeFileSync(USAGE_FILE, JSON.stringify(usage));
});
await import('../crm/main.ts');

const firstNames =
  'Jane Amir Chloé Dmitri Elif Fatima Giulia Hiroshi Ines Jamal Katarzyna Liam Mei Noor Olga Priya Quentin Rosa Søren Tariq Uma Viktor Wanjiru Ximena Yusuf Zoë'.split(
    ' ',
  );
const lastNames =
  'Adeyemi Bauer Costa Dubois Eriksen Fischer García Haddad Ito Jansen Kowalski Larsen Murphy Nguyen Okafor Petrov Rossi Schmidt Tanaka Weber'.split(
    ' ',
  );
const tiers = ['Basic', 'Basic', 'Basic', 'Premium', 'Premium', 'Enterprise'];
const domains = ['example.com', 'example.net', 'example.org'];

export const sampleHeader = [
  'sessionId',
  'email',
  'firstName',
  'tier',
  'previousTickets',
  'crmId',
  'updatedAt',
  'loyaltyPoints',
  'newsletter',
] as const;

/** Numbers from 0 to 1, the same for the same seed (mulberry32: 32 bits of state, good enough for samples). */
const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const ascii = (name: string): string =>
  name.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('ø', 'o').toLowerCase();

const hex = (random: () => number, digits: number): string =>
  Math.floor(random() * 16 ** digits)
    .toString(16)
    .padStart(digits, '0');

const newestUpdateMs = Date.UTC(2026, 4, 1);
const yearMs = 365 * 86_400_000;

/** One made-up customer; row and seed decide all of it. */
export const sampleCustomer = (row: number, seed: number) => {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(row + 1, 0x85ebca6b));
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  const firstName = pick(firstNames);
  const lastName = pick(lastNames);
  return {
    sessionId: `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 6)}${hex(random, 6)}`,
    email: `${ascii(firstName)}.${ascii(lastName)}.${row + 1}@${pick(domains)}`,
    firstName,
    tier: pick(tiers),
    previousTickets: Math.floor(random() ** 3 * 40),
    crmId: `C-${String(row + 1).padStart(7, '0')}`,
    updatedAt: `${new Date(newestUpdateMs - Math.floor(random() * yearMs)).toISOString().slice(0, 19)}Z`,
    loyaltyPoints: Math.floor(random() * 10_000),
    newsletter: random() < 0.4,
  } satisfies Record<(typeof sampleHeader)[number], string | number | boolean>;
};

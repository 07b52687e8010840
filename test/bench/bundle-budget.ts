/**
 * Most that each package may take in a built function, in kB minified; a little above what it takes today. A package
 * that is not named may take 2 kB. Raise a number only with a reason in the commit message.
 */
export const budgets: Readonly<Record<string, number>> = {
  '@smithy/core': 93,
  '@smithy/node-http-handler': 8,
  '@smithy/signature-v4': 10.5,
  '@aws-sdk/core': 24,
  '@aws-sdk/client-dynamodb': 16,
  '@aws-sdk/client-secrets-manager': 7.5,
  '@aws-sdk/client-sqs': 9,
  '@aws-sdk/dynamodb-codec': 3,
  '@aws-sdk/util-dynamodb': 5.5,
  '@aws/lambda-invoke-store': 2.5,
  '@aws-lambda-powertools/logger': 18,
  '@aws-lambda-powertools/metrics': 11.5,
  '@aws-lambda-powertools/commons': 5,
  '@middy/core': 3.5,
  axios: 57,
  jose: 15,
  valibot: 14,
  'stand-ins and built-ins': 4,
  'our own code': 120,
};
const otherwise = 2;

/** One for all our rooms: their walls move. */
const budgetName = (name: string): string => (name.startsWith('lambda') ? 'our own code' : name);

/** Packages above their budget, as sentences that name them. */
export const overBudget = (sizes: ReadonlyMap<string, number>): readonly string[] => {
  const sums = new Map<string, number>();
  for (const [name, bytes] of sizes) {
    sums.set(budgetName(name), (sums.get(budgetName(name)) ?? 0) + bytes / 1000);
  }
  return [...sums].flatMap(([name, kB]) => {
    const most = budgets[name] ?? otherwise;
    return kB <= most ? [] : [`${name} takes ${kB.toFixed(1)} kB of at most ${most} kB`];
  });
};

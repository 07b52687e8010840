/** The directions of travel: entry → http → guest ← genesys, aws; see docs/architecture.md. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(lambda|infra|crm|website|local|bench|test)/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle is one module cut in two at the wrong place.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only(
      'guest-is-the-domain',
      '^lambda/guest/',
      '^lambda/(guest/|contract\\.ts$)',
      'The domain imports no other room.',
    ),
    only(
      'http-knows-the-domain',
      '^lambda/http/',
      '^lambda/(http/|guest/|contract\\.ts$)',
      'The edge knows neither Genesys nor AWS services.',
    ),
    only(
      'genesys-implements-ports',
      '^lambda/genesys/',
      '^lambda/(genesys/|guest/|time/)',
      'Genesys adapters know the domain only.',
    ),
    only(
      'aws-implements-ports',
      '^lambda/aws/',
      '^lambda/(aws/|guest/|time/)|^lambda/genesys/shared-token-store\\.ts$',
      'AWS adapters know the ports they implement.',
    ),
    only(
      'time-knows-the-clock',
      '^lambda/time/',
      '^lambda/(time/|guest/(ports|errors)\\.ts$)',
      'Waiting is the same for every room.',
    ),
    only(
      'data-action-knows-the-domain',
      '^lambda/data-action/',
      '^lambda/(data-action/|guest/)',
      'The edge of the message flow knows neither Genesys nor the SDK.',
    ),
    only(
      'sqs-knows-the-domain',
      '^lambda/sqs/',
      '^lambda/(sqs/|guest/)',
      'The edge of the queue knows neither Genesys nor the SDK.',
    ),
    only('lambda-stands-alone', '^lambda/', '^lambda/', 'What runs in Lambda needs nothing beside it.'),
    {
      name: 'entries-are-entered',
      comment: 'Entries read process.env and are run by the platform; nothing imports them.',
      severity: 'error',
      from: {},
      to: { path: '^lambda/(init|drain|resolve)\\.ts$' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'infra-knows-no-tool',
      comment: 'Tools read the stack through infra/stack-outputs.ts, never the other way round.',
      severity: 'error',
      from: { path: '^infra/' },
      to: { path: '^crm/' },
    },
    {
      name: 'website-runs-in-browsers',
      severity: 'error',
      from: { path: '^website/' },
      to: { path: '^(lambda/(?!contract\\.ts$)|infra|crm|local|bench|test)' },
    },
    {
      name: 'vendors-stay-in-their-rooms',
      comment: 'AWS SDK shapes stop at aws/, axios at genesys/; only clients.ts makes clients.',
      severity: 'error',
      from: { path: '^lambda/', pathNot: '^lambda/(aws/|clients\\.ts$)' },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    {
      name: 'axios-stays-in-genesys',
      severity: 'error',
      from: { path: '^lambda/', pathNot: '^lambda/genesys/' },
      to: { path: 'node_modules/axios/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};

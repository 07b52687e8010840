/**
 * Velocity for API Gateway's mock integrations: who asks, and whether that origin is allowed.
 * Origins are checked by `settings.ts`: they hold no quotes and no `$`.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
 */
const readOrigin = [
  // Header names are case-sensitive here, and HTTP/2 sends them in lower case.
  `#set($origin = $input.params().header.get('Origin'))`,
  `#if("$!origin" == "")#set($origin = $input.params().header.get('origin'))#end`,
];

const isAllowed = (origins: readonly string[]): string =>
  origins.includes('*')
    ? '"$!origin" != ""'
    : origins.map((origin) => `"$!origin" == "${origin}"`).join(' || ');

/** Chooses the status of a mock answer: one for origins that are allowed, one for others. */
export const statusByOrigin = (origins: readonly string[], allowed: number, other: number): string =>
  [
    ...readOrigin,
    `#if(${isAllowed(origins)}){"statusCode": ${allowed}}#else{"statusCode": ${other}}#end`,
  ].join('\n');

/** Writes the exact origin into the CORS header, where that origin is allowed; then the body. */
export const withAllowedOrigin = (origins: readonly string[], body = ''): string =>
  [
    ...readOrigin,
    `#if(${isAllowed(origins)})#set($context.responseOverride.header.Access-Control-Allow-Origin = "$!origin")#end`,
    body,
  ].join('\n');

import velocity from 'velocityjs';
import type { SynthesisedStack } from '../template.ts';

interface MockResponse {
  readonly StatusCode: string;
  readonly SelectionPattern?: string;
  readonly ResponseParameters: Readonly<Record<string, string>>;
  readonly ResponseTemplates: Readonly<Record<string, string>>;
}

interface Overrides {
  readonly header: Record<string, string>;
}

const render = (template: string, headers: Readonly<Record<string, string>>, overrides: Overrides): string =>
  velocity.render(template, {
    input: { params: () => ({ header: { get: (name: string) => headers[name] ?? '' } }) },
    context: { requestId: 'request-1', responseOverride: overrides },
  });

/** Runs a mock integration of the template as API Gateway does: request template, selection, response template. */
export const runMock = (
  stack: SynthesisedStack,
  method: 'OPTIONS' | 'ANY' | 'POST',
  headers: Readonly<Record<string, string>>,
): { status: number; headers: Record<string, string>; body: string } => {
  const { Integration } = stack.one('AWS::ApiGateway::Method', `ApiRestapiwebchatinit${method}`).properties;
  if (Integration.Type !== 'MOCK') throw new Error(`${method} is no mock`);
  const chosen = JSON.parse(
    render(Integration.RequestTemplates['application/json'], headers, { header: {} }),
  ).statusCode;
  const response = (Integration.IntegrationResponses as MockResponse[]).find(
    ({ SelectionPattern }) => SelectionPattern === String(chosen),
  );
  if (response === undefined) throw new Error(`no response for ${chosen}`);
  const overrides: Overrides = { header: {} };
  const body = render(response.ResponseTemplates['application/json'] ?? '', headers, overrides).trim();
  const mapped = Object.entries(response.ResponseParameters).map(([name, value]) => [
    name.replace('method.response.header.', ''),
    value === 'context.requestId' ? 'request-1' : value.replace(/^'|'$/g, ''),
  ]);
  return {
    status: Number(response.StatusCode),
    headers: { ...Object.fromEntries(mapped), ...overrides.header },
    body,
  };
};

import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { gatewayAnswer, gatewayAnswerTypes } from './gateway-answers.ts';

/** Everything that API Gateway responds with by itself, in the API's own problem shape. */
export const addGatewayResponses = (api: RestApi): void => {
  for (const type of gatewayAnswerTypes) {
    const { status, headers, template } = gatewayAnswer(type);
    api.addGatewayResponse(`Answer${type}`, {
      type: ResponseType.of(type),
      statusCode: String(status),
      responseHeaders: {
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `'${value}'`])),
        'X-Request-Id': 'context.requestId',
      },
      templates: { 'application/json': template },
    });
  }
};

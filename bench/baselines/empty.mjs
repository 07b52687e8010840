/** An empty process: what Node.js itself costs. */
export const handler = async () => ({ statusCode: 200, body: '{}' });

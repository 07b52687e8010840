import { type BenchResult, number, type Report } from '../table.ts';
import { startRuntimeContainer } from './runtime-api.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { startTlsFront } from './tls-front.ts';
import { buildVariants, variantTitles } from './variants.ts';
import { startWorld } from './world.ts';

const freezes = 5;
const freezeMs = 100;

const eventOf = (sessionId: string) => ({
  resource: '/api/webchat/init',
  path: '/api/webchat/init',
  httpMethod: 'POST',
  headers: { 'Content-Type': 'application/json', Host: 'api.example.com' },
  multiValueHeaders: { 'Content-Type': ['application/json'], Host: ['api.example.com'] },
  body: JSON.stringify({ sessionId, consentGiven: true, consentType: 'explicit' }),
  isBase64Encoded: false,
  requestContext: { requestId: sessionId, httpMethod: 'POST', path: '/api/webchat/init' },
});

/** The whole way that Lambda goes: process, init, invocations with the process suspended between them, over TLS. */
export const benchRuntime = async (rounds: number, report: Report): Promise<BenchResult> => {
  const variants = await buildVariants();
  const world = await startWorld();
  const front = await startTlsFront(world.env());
  const env = front.secure(world.env());
  const names = ['floor', 'stock', 'express', 'unbundled', 'ours'] as const;
  const measured = names.map((name) => ({
    name,
    initMs: [] as number[],
    firstMs: [] as number[],
    coldMs: [] as number[],
    frozenMs: [] as number[],
    handshakes: [] as number[],
  }));
  const handshakes = (): number => front.handshakes.full + front.handshakes.resumed;
  try {
    for (let round = 0; round <= rounds; round += 1) {
      report(`round ${round} of ${rounds}`);
      for (const one of measured) {
        const container = await startRuntimeContainer(variants.files[one.name], env);
        const invoke = async (n: number): Promise<number> => {
          const { ms, result } = await container.invoke(eventOf(`${one.name}-${round}-${n}`));
          if (result.statusCode !== 200) throw new Error(`${one.name}: ${JSON.stringify(result)}`);
          return ms;
        };
        try {
          const firstMs = await invoke(0);
          await invoke(1);
          const before = handshakes();
          const frozenMs: number[] = [];
          for (let n = 2; n < 2 + freezes; n += 1) {
            await container.freeze(freezeMs);
            frozenMs.push(await invoke(n));
          }
          if (round === 0) continue;
          one.initMs.push(container.initMs);
          one.firstMs.push(firstMs);
          one.coldMs.push(container.initMs + firstMs);
          one.frozenMs.push(...frozenMs);
          one.handshakes.push(handshakes() - before);
        } finally {
          await container.stop();
        }
      }
    }
    const cell = ({ median, low, high }: Spread): string =>
      `${number(median)} (${number(low)}–${number(high)})`;
    return {
      figures: measured,
      tables: [
        {
          title: `Through a stand-in of the Lambda Runtime API, over TLS: medians and quartiles of ${rounds} containers each, ms`,
          rows: [
            [
              '',
              'start of the process to ready',
              'first invocation',
              'both',
              'later invocation, after a freeze',
              'handshakes in those',
            ],
            ...measured.map((one) => [
              variantTitles[one.name],
              cell(spreadOf(one.initMs)),
              cell(spreadOf(one.firstMs)),
              cell(spreadOf(one.coldMs)),
              cell(spreadOf(one.frozenMs)),
              String(spreadOf(one.handshakes).median),
            ]),
          ],
          note: `The process is suspended (SIGSTOP) for ${freezeMs} ms before each of ${freezes} later invocations, a new session each.`,
        },
      ],
    };
  } finally {
    await front.close();
    await world.close();
    variants.remove();
  }
};

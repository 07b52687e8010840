import { buildPage } from './build-page.ts';
import type { Asset } from './gateway.ts';

/** The files of the agent desktop, built in memory. */
export const agentAssets = async (): Promise<ReadonlyMap<string, Asset>> => {
  const { html, script, style } = await buildPage('agent');
  return new Map<string, Asset>([
    ['/agent', html],
    ['/agent.js', script],
    ['/agent.css', style],
  ]);
};

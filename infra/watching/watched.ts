import type { AgentView } from '../agent-view.ts';
import type { DeployedSettings } from '../command-line.ts';
import type { GuestApi } from '../edge/guest-api.ts';
import type { GuestFunction } from '../guest-function.ts';
import type { GuestTables } from '../guest-tables.ts';
import type { Overflow } from '../overflow.ts';
import type { Release } from '../release.ts';

/** What is watched. */
export interface Watched {
  readonly settings: DeployedSettings;
  readonly init: GuestFunction;
  readonly drain: GuestFunction;
  readonly release: Release;
  readonly api: GuestApi;
  readonly tables: GuestTables;
  readonly overflow: Overflow;
  readonly agentView?: AgentView | undefined;
}

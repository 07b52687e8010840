import type { LambdaContainer } from '../support/lambda-container.ts';
import type { Stack } from '../support/stack.ts';
import { type FrontName, subjects } from './dependencies.ts';
import { faultOf } from './faults.ts';
import type { Row } from './observation.ts';
import { type Budgets, type HelperName, helpers, rowSettings, settingsOf } from './settings.ts';
import type { Certificates } from './wire/certificates.ts';
import type { FaultFront } from './wire/fault-front.ts';

export type Fronts = Readonly<Record<'plain' | 'secure', Readonly<Record<FrontName, FaultFront>>>>;

/** The containers of a lane, and the time that passes for all of them. */
export interface LaneContainers {
  /** A container of the row's function behind the fronts. */
  start(row: Row): Promise<LambdaContainer>;
  /** A container that no fault meets. */
  helper(name: HelperName): Promise<LambdaContainer>;
  /** Ends the container of the row. */
  dismiss(): Promise<void>;
  /** Ends the helpers, which other functions have no use for. */
  dismissHelpers(): Promise<void>;
  /** Time passes for every container, in a moment; none of them ever sees it go back. */
  passTime(ms: number): Promise<void>;
  /** How far the lane is ahead of the machine. */
  readonly aheadMs: number;
}

export const createLaneContainers = (
  stack: Stack,
  fronts: Fronts,
  certificates: Certificates,
  budgets: Budgets,
): LaneContainers => {
  const settings = settingsOf(budgets);
  const running = new Map<HelperName, LambdaContainer>();
  let aheadMs = 0;
  let met: { readonly container: LambdaContainer; readonly skewMs: number } | undefined;

  return {
    start: async (row) => {
      const { skewMs = 0 } = faultOf(row.fault);
      const container = await stack.container(
        {
          ...settings,
          ...rowSettings(row, fronts[row.over]),
          ...certificates.environment,
          CLOCK_SHIFT_MS: String(aheadMs + skewMs),
        },
        subjects[row.subject].bundle,
      );
      met = { container, skewMs };
      return container;
    },
    helper: async (name) => {
      const known = running.get(name);
      if (known !== undefined) return known;
      const { bundle, environment } = helpers[name];
      const container = await stack.container(
        {
          ...settings,
          ...environment,
          GENESYS_LOGIN_URL: stack.genesys.url,
          GENESYS_TIMEOUT_MS: '4000',
          CLOCK_SHIFT_MS: String(aheadMs),
        },
        bundle,
      );
      running.set(name, container);
      return container;
    },
    passTime: async (ms) => {
      aheadMs += ms;
      await Promise.all([
        ...[...running.values()].map(async (container) => await container.shiftClock(aheadMs)),
        met?.container.shiftClock(aheadMs + met.skewMs),
      ]);
    },
    get aheadMs() {
      return aheadMs;
    },
    dismiss: async () => {
      await met?.container.stop();
      met = undefined;
    },
    dismissHelpers: async () => {
      await Promise.all([...running.values()].map(async (container) => await container.stop()));
      running.clear();
    },
  };
};

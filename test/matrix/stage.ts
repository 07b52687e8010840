import { dependencyOf } from './dependencies.ts';
import { faultOf } from './faults.ts';
import type { Lane } from './lane.ts';
import { wireFaultOf } from './left-out.ts';
import type { Row } from './observation.ts';
import { limitGuests, scenarios } from './scenarios.ts';
import type { Visit } from './visit.ts';

/** Longer than any circuit stays open and any lease lasts. */
const restMs = 12_000;
/** After this a secret is read again. */
const secretAgeMs = 301_000;

/** Brings a warm container to call what it would not call: a token is obtained, and in the worker the secret for it. */
const endToken = async ({ subject, dependency }: Row, lane: Lane): Promise<void> => {
  const isAskedWithToken = subject === 'drain' && dependency === 'secrets';
  if (dependency !== 'oauth' && dependency !== 'vault' && !isAskedWithToken) return;
  lane.stack.genesys.control.revokeTokens();
  await lane.stack.forgetToken();
};

/** How long a warm container has been left alone: until the secret is stale, or its clock is off anew. */
const idleMs = ({ dependency, fault }: Row): number => {
  if (dependency === 'secrets') return secretAgeMs;
  return fault === 'signature-skew' ? (faultOf(fault).skewMs ?? 0) : 0;
};

/** All that happens before the fault. */
export const makeReady = async (row: Row, lane: Lane, visit: Visit, isWarm: boolean): Promise<void> => {
  await lane.clear();
  if (isWarm) await lane.containers.passTime(idleMs(row));
  await scenarios[row.subject].prepare(lane, visit);
  if (isWarm) await endToken(row, lane);
  else await lane.stack.forgetToken();
};

export const beginFault = async (row: Row, lane: Lane): Promise<void> => {
  const { front } = dependencyOf(row.dependency);
  if (row.dependency === 'queue') limitGuests(lane);
  await lane.fronts[row.over][front].begin(wireFaultOf(row.dependency, row.fault));
};

export const endFault = async (row: Row, lane: Lane): Promise<void> => {
  await lane.fronts[row.over][dependencyOf(row.dependency).front].end();
  lane.stack.genesys.control.clearFaults();
};

/** How long has to pass until the container may be expected to try again. */
export const passMs = ({ dependency, fault }: Row): number => {
  const seconds = dependency === 'queue' ? 60 : (faultOf(fault).namedWaitSeconds ?? 0);
  return Math.max(restMs, seconds * 1000 + 5000);
};

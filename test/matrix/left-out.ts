import { type DependencyName, dependencyOf, type Subject } from './dependencies.ts';
import { type FaultName, faultOf } from './faults.ts';
import type { WireCall, WireFault } from './wire/treatment.ts';

/** Faults that meet every call to an endpoint, or none. */
const ofEndpoint: readonly FaultName[] = ['refused', 'expired-certificate', 'signature-skew'];

/** Why a fault cannot meet a dependency of a function; `undefined` where it can. */
export const leftOut = (
  subject: Subject,
  dependency: DependencyName,
  name: FaultName,
): string | undefined => {
  const { service, sharesConnectionWith, subjects } = dependencyOf(dependency);
  const { of } = faultOf(name);
  if (!subjects.includes(subject)) return 'not called by this function';
  if (of !== 'all' && (of === 'genesys') !== (service === 'genesys' || service === 'oauth'))
    return 'no such error of this service';
  if (name === 'oauth-limit' && dependency !== 'oauth') return 'no such error of this service';
  if (sharesConnectionWith !== undefined && ofEndpoint.includes(name))
    return `the connection is the one of the ${sharesConnectionWith}`;
  if (name === 'partial-batch') {
    const isRead = dependency === 'crm' || (dependency === 'registry' && subject.startsWith('init'));
    if (!isRead) return 'no batch is read there, or none is sent';
  }
  return undefined;
};

/** The fault as a front lets it happen. */
export const wireFaultOf = (dependency: DependencyName, name: FaultName): WireFault => {
  const { matches, comesAfter } = dependencyOf(dependency);
  const isBatch = ({ operation }: WireCall): boolean => operation === 'BatchGetItem';
  const isMet = (call: WireCall): boolean =>
    ofEndpoint.includes(name) || (matches(call) && (name !== 'partial-batch' || isBatch(call)));
  return {
    matches: isMet,
    treatment: faultOf(name).treatment(dependency),
    beginsAfter: comesAfter,
  };
};

/** How much the edge lets through; absent parts let everything through. */
export interface EdgeLimits {
  /** API Gateway's own: requests a second, and at once, of everybody together. */
  readonly throttle?: { readonly ratePerSecond: number; readonly burst: number };
  /** The firewall's: POST requests of one address in five minutes. */
  readonly requestsPerAddress?: number;
}

const windowMs = 300_000;

/** Says which limit a request exceeds, if any; counts it otherwise. */
export const createLimits = (
  { throttle, requestsPerAddress }: EdgeLimits,
  now: () => number,
): ((request: {
  readonly method: string;
  readonly sourceIp: string;
}) => 'address' | 'throttle' | undefined) => {
  let tokens = throttle?.burst ?? 0;
  let filledAtMs = now();
  const seen = new Map<string, number[]>();

  const exceedsAddress = (sourceIp: string): boolean => {
    if (requestsPerAddress === undefined) return false;
    const recent = (seen.get(sourceIp) ?? []).filter((atMs) => atMs > now() - windowMs);
    seen.set(sourceIp, [...recent, now()]);
    return recent.length >= requestsPerAddress;
  };
  const exceedsThrottle = (): boolean => {
    if (throttle === undefined) return false;
    tokens = Math.min(throttle.burst, tokens + ((now() - filledAtMs) / 1000) * throttle.ratePerSecond);
    filledAtMs = now();
    if (tokens < 1) return true;
    tokens -= 1;
    return false;
  };
  return ({ method, sourceIp }) => {
    if (method === 'POST' && exceedsAddress(sourceIp)) return 'address';
    return exceedsThrottle() ? 'throttle' : undefined;
  };
};

/** Whether a page of this machine asks: any port of `localhost`, its subdomains, or the loopback addresses. */
export const isLocalOrigin = (origin: string): boolean => {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return /^(?:(?:.+\.)?localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
};

/**
 * The headers of a request with the `Origin` of another local page replaced by the stack's own, which the function
 * allows: `ALLOWED_ORIGINS` has exact origins only, and a dev server's port is anybody's guess.
 * @returns the headers, and the origin that the response has to name instead
 */
export const withOwnOrigin = (
  rawHeaders: readonly string[],
  ownOrigin: string,
): { readonly rawHeaders: readonly string[]; readonly asked: string | undefined } => {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'origin') + 1;
  const origin = at === 0 ? undefined : rawHeaders[at];
  return origin === undefined || !isLocalOrigin(origin)
    ? { rawHeaders, asked: undefined }
    : { rawHeaders: rawHeaders.with(at, ownOrigin), asked: origin };
};

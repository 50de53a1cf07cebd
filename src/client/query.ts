/** Queries of URLs, and times in them. */
import { defaultLimits } from '../core/limits.ts';

/** `?name=value&…`, escaped; '' where nothing is given. */
export function queryOf(
  parameters: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}

/** Seconds to the millisecond, which is all that nodes take: `0.1 + 0.2` is 0.3. */
export function rounded(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000) / 1000;
}

/** A node that has not applied `minRevision` yet takes so long before it says so. */
export function catchUpMs(minRevision: number | undefined): number {
  return minRevision === undefined ? 0 : defaultLimits.holdMs;
}

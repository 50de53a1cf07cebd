/** Every target by its name. */
import { startDsm } from './dsm.ts';
import { startHonoMap, startNoop } from './single.ts';
import type { StartTarget } from './target.ts';

const starters: Readonly<Record<string, StartTarget>> = Object.freeze({
  dsm: startDsm,
  noop: startNoop,
  'hono-map': startHonoMap,
});

/** Throws a sentence with the names that are known. */
export function findTarget(name: string): StartTarget {
  const start = starters[name];
  if (start !== undefined) return start;
  throw new Error(`target must be one of ${Object.keys(starters).join(', ')}, not "${name}"`);
}

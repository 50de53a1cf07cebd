/** Plain TypeScript: k6 imports it too. */
import type { CauseCounts } from '../results/schema.ts';
import { causes } from '../workload/dialect.ts';

export const noCauses = (): CauseCounts =>
  Object.fromEntries(causes.map((cause) => [cause, 0])) as CauseCounts;

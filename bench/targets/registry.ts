/** Every target by its name. */
import { startDsm } from './dsm.ts';
import { startEtcd } from './etcd.ts';
import { findProgram } from './processes.ts';
import { startWebdis } from './redis.ts';
import { startHonoMap, startNoop } from './single.ts';
import type { StartTarget } from './target.ts';

const starters: Readonly<Record<string, StartTarget>> = Object.freeze({
  dsm: startDsm,
  noop: startNoop,
  'hono-map': startHonoMap,
  'etcd-1': startEtcd(1),
  'etcd-3': startEtcd(3),
  webdis: startWebdis,
});

const needed: Readonly<Record<string, readonly string[]>> = Object.freeze({
  'etcd-1': ['etcd'],
  'etcd-3': ['etcd'],
  webdis: ['webdis', 'redis-server'],
  redis: ['redis-server', 'redis-benchmark'],
});

const packages: Readonly<Record<string, string>> = Object.freeze({
  etcd: 'etcd-server',
  'redis-benchmark': 'redis-tools',
});

/** '' where the target can run here, else what is missing and how to get it on Debian. */
export function missingFor(name: string): string {
  const missing = (needed[name] ?? []).filter((program) => findProgram(program) === null);
  if (missing.length === 0) return '';
  const names = missing.map((program) => packages[program] ?? program);
  return `${missing.join(' and ')} not found: apt-get install ${names.join(' ')}`;
}

/** Throws a sentence with the names that are known. */
export function findTarget(name: string): StartTarget {
  const start = starters[name];
  if (start !== undefined) return start;
  throw new Error(`target must be one of ${Object.keys(starters).join(', ')}, not "${name}"`);
}

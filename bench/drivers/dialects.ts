/** Every way of talking to a target, by name. */
import type { DialectName } from '../measure/plan.ts';
import { createEtcdDialect, createNoopDialect, createWebdisDialect } from '../targets/dialects.ts';
import { createDsmDialect, type Dialect } from '../workload/dialect.ts';

const factories: Readonly<Record<DialectName, (valueBytes: number) => Dialect>> = Object.freeze({
  dsm: createDsmDialect,
  etcd: createEtcdDialect,
  webdis: createWebdisDialect,
  noop: createNoopDialect,
});

export function createDialect(name: DialectName, valueBytes: number): Dialect {
  return factories[name](valueBytes);
}

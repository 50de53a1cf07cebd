/** Writes every key once, as writer 0, so that no read of the run can miss. */
import http from 'k6/http';
import { createDsmDialect } from '../../bench/workload/dialect.ts';
import { keyName } from '../../bench/workload/keys.ts';
import { encodeValue } from '../../bench/workload/value.ts';
import type { Settings } from './settings.ts';

const together = 20;

/** Throws at the first write that is not acknowledged. */
export function preload({ entries, workload }: Settings): void {
  const dialect = createDsmDialect(workload.valueBytes);
  for (let first = 0; first < workload.keyCount; first += together) {
    const indexes = Array.from({ length: together }, (_, offset) => first + offset).filter(
      (index) => index < workload.keyCount,
    );
    const requests = indexes.map((index) => {
      const key = keyName(index);
      const value = encodeValue({ key, writer: 0, sequence: index }, workload.valueBytes);
      const { method, path, body, headers } = dialect.write(key, value);
      const params = { headers: { ...headers }, tags: { name: 'preload' } };
      return { method, url: `${entries[0]}${path}`, body, params };
    });
    for (const response of http.batch(requests)) {
      if (response.status < 200 || response.status > 299) {
        throw new Error(`the preload failed with ${response.status} ${response.error}`);
      }
    }
  }
}

/** The endless sequence of operations of one client. It follows from (workload, client) alone. */
import type { Workload } from './config.ts';
import { createKeyChooser } from './keys.ts';
import { createRandom, streamSeed } from './random.ts';

export type OperationKind = 'read' | 'write';

export interface Operation {
  readonly kind: OperationKind;
  readonly keyIndex: number;
}

/** `client` counts from 0. */
export function createOperations(workload: Workload, client: number): () => Operation {
  const random = createRandom(streamSeed(workload.seed, client));
  // 7919 is prime: the walks of `latest` start far apart for any number of keys.
  const keys = createKeyChooser(workload.keys, workload.keyCount, client * 7919, random);
  const { writeRatio, modifyRatio } = workload;
  let pending: Operation | null = null;
  return () => {
    if (pending !== null) {
      const second = pending;
      pending = null;
      return second;
    }
    const point = random();
    if (point < writeRatio) return { kind: 'write', keyIndex: keys.write() };
    const keyIndex = keys.read();
    if (point < writeRatio + modifyRatio) pending = { kind: 'write', keyIndex };
    return { kind: 'read', keyIndex };
  };
}

/**
 * What was written when, so that every read can be held against it. It needs no revision from the
 * server, so it judges every peer alike, and it never accuses wrongly: a read is stale only if
 * another write of the key began after the returned one was acknowledged, and was itself
 * acknowledged before the read began.
 */
export interface Written {
  readonly writer: number;
  readonly sequence: number;
}

export type ReadVerdict = 'fresh' | 'stale' | 'never-written';

export interface Ledger {
  /** A write leaves for the server; returns its sequence, counted from 0 for each writer. */
  begin(writer: number): number;
  /** The write was acknowledged. One whose outcome is unknown is never acknowledged. */
  acknowledge(written: Written, keyIndex: number, startedAtMs: number, nowMs: number): void;
  /** Take this when a read leaves; `judge` needs it. */
  floor(keyIndex: number): number;
  judge(found: Written, floor: number): ReadVerdict;
}

/** Writer 0 preloaded every key once, with the key's index as sequence, before everything else. */
export function createLedger(keyCount: number, writers: number): Ledger {
  const begun = new Array<number>(writers + 1).fill(0);
  begun[0] = keyCount;
  /** acknowledgedAt[writer][sequence]; Infinity while nobody knows. */
  const acknowledgedAt: number[][] = begun.map(() => []);
  acknowledgedAt[0] = new Array<number>(keyCount).fill(-Infinity);
  /** The latest begin among the acknowledged writes of a key. */
  const floors = new Float64Array(keyCount).fill(-Infinity);
  return {
    begin(writer) {
      const sequence = begun[writer]!;
      begun[writer] = sequence + 1;
      acknowledgedAt[writer]!.push(Infinity);
      return sequence;
    },
    acknowledge({ writer, sequence }, keyIndex, startedAtMs, nowMs) {
      acknowledgedAt[writer]![sequence] = nowMs;
      if (startedAtMs > floors[keyIndex]!) floors[keyIndex] = startedAtMs;
    },
    floor: (keyIndex) => floors[keyIndex]!,
    judge({ writer, sequence }, floor) {
      const at = acknowledgedAt[writer]?.[sequence];
      if (at === undefined) return 'never-written';
      return at < floor ? 'stale' : 'fresh';
    },
  };
}

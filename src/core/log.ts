/**
 * The log in memory: contiguous records from the one after `base` on, and the configurations that
 * they bring into force. What lies at or below `base` is in the state machine, applied.
 *
 * Invariants: base.lsn ≤ record lsns ≤ last.lsn, without gaps; epochs never fall; a record is cut
 * only to make place for another one at its lsn (rule 1), which the voter decides, not the log.
 */
import { assert } from './errors.ts';
import { FrameRuns } from './frame.ts';
import { LogBlocks } from './log-blocks.ts';
import { comparePositions, type Position } from './messages.ts';
import type { Configs } from './quorum.ts';
import type { Member, Record } from './record.ts';

interface ConfigAt {
  readonly lsn: number;
  readonly before: readonly Member[];
  readonly after: readonly Member[];
}

interface EpochAt {
  readonly epoch: number;
  /** lsn of its first record that is held here, or of `base`. */
  readonly lsn: number;
}

/** Records as they are sent: encoded, and how many they are. */
export interface Frames {
  readonly bytes: Uint8Array;
  readonly count: number;
}

export class Log {
  #base: Position;
  /** The applied records after `base`. */
  #blocks: LogBlocks;
  /** What is not known to be applied, decoded. */
  #tail: Record[] = [];
  /** Ascending; the first is that of `base`. */
  #epochs: EpochAt[];
  /** Ascending by lsn; the first is the one that was in force at `base`, if any. */
  #configs: ConfigAt[] = [];
  /** Size of the frames held, bytes. */
  bytes = 0;

  /** An empty log that goes on after `base`, where `members` were the voters. */
  constructor(base: Position = { epoch: 0, lsn: 0 }, members: readonly Member[] = []) {
    this.#base = base;
    this.#blocks = new LogBlocks(base.lsn + 1);
    this.#epochs = [base];
    if (members.length > 0) {
      this.#configs.push({ lsn: base.lsn, before: members, after: members });
    }
  }

  get base(): Position {
    return this.#base;
  }

  get lastLsn(): number {
    return this.#blocks.endLsn + this.#tail.length - 1;
  }

  get last(): Position {
    return { epoch: this.#epochs.at(-1)?.epoch ?? 0, lsn: this.lastLsn };
  }

  /** One that is settled is decoded for this call. */
  at(lsn: number): Record | undefined {
    const index = lsn - this.#blocks.endLsn;
    return index < 0 ? this.#blocks.at(lsn) : this.#tail[index];
  }

  /** The epoch of the record at `lsn`; undefined where the log does not hold it (any more). */
  epochAt(lsn: number): number | undefined {
    if (lsn < this.#base.lsn || lsn > this.lastLsn) return undefined;
    return this.#epochs.findLast((start) => start.lsn <= lsn)?.epoch;
  }

  /** Exactly this record is here, or just below. By I10 all before it is the same too. */
  holds(position: Position): boolean {
    return this.epochAt(position.lsn) === position.epoch;
  }

  append(record: Record): void {
    const { lsn, epoch } = record;
    const lastEpoch = this.#epochs.at(-1)?.epoch ?? 0;
    assert(lsn === this.lastLsn + 1, () => `record ${lsn} appended after ${this.lastLsn}`);
    assert(epoch >= lastEpoch, () => `epoch ${epoch} appended after ${lastEpoch}`);
    if (epoch > lastEpoch) this.#epochs.push({ epoch, lsn });
    this.#tail.push(record);
    this.bytes += record.frameBytes;
    if (record.command.kind === 'config') {
      const { before, after } = record.command;
      this.#configs.push({ lsn, before, after });
    }
  }

  /** Drops the records from `lsn` on, which are not settled, and the configurations they brought. */
  cut(lsn: number): void {
    assert(lsn >= this.#blocks.endLsn, () => `cut at ${lsn}, which is applied`);
    while (this.lastLsn >= lsn) this.bytes -= this.#tail.pop()?.frameBytes ?? 0;
    while ((this.#epochs.at(-1)?.lsn ?? 0) >= lsn) this.#epochs.pop();
    while ((this.#configs.at(-1)?.lsn ?? 0) >= lsn) this.#configs.pop();
  }

  /** The records up to `lsn` are applied: only their frames are kept. */
  settle(lsn: number): void {
    const count = Math.min(lsn + 1 - this.#blocks.endLsn, this.#tail.length);
    if (count <= 0) return;
    const isAll = count === this.#tail.length;
    const settled = isAll ? this.#tail : this.#tail.slice(0, count);
    for (const record of settled) this.#blocks.append(record);
    this.#tail = isAll ? [] : this.#tail.slice(count);
  }

  /** Forgets the records up to `lsn`, which must be settled: only a snapshot can send them now. */
  trim(lsn: number): void {
    if (lsn <= this.#base.lsn) return;
    assert(lsn < this.#blocks.endLsn, () => `trimmed to ${lsn}, which is not settled`);
    this.#base = { epoch: this.epochAt(lsn) ?? 0, lsn };
    this.bytes -= this.#blocks.trim(lsn);
    while ((this.#epochs[1]?.lsn ?? Infinity) <= lsn) this.#epochs.shift();
    while ((this.#configs[1]?.lsn ?? Infinity) <= lsn) this.#configs.shift();
  }

  /** Up to where to trim, so that `bytes` of settled records go, or all of them. */
  lsnAfter(bytes: number): number {
    return this.#blocks.lsnAfter(bytes);
  }

  /** From `lsn` on, up to `bytesMax` but at least one record where there is one. */
  framesFrom(lsn: number, bytesMax: number): Frames {
    const runs = new FrameRuns();
    let count = lsn < this.#blocks.endLsn ? this.#blocks.collect(lsn, bytesMax, runs) : 0;
    for (
      let next = this.#tailAt(lsn + count);
      next !== undefined;
      next = this.#tailAt(lsn + count)
    ) {
      if (count > 0 && runs.length + next.frameBytes > bytesMax) break;
      runs.add(next.bytes, next.start, next.end);
      count += 1;
    }
    return { bytes: runs.join(), count };
  }

  #tailAt(lsn: number): Record | undefined {
    return lsn < this.#blocks.endLsn ? undefined : this.#tail[lsn - this.#blocks.endLsn];
  }

  /** lsn of the last `config` record; 0 where there is none. */
  get configLsn(): number {
    return this.#configs.at(-1)?.lsn ?? 0;
  }

  /** The voters after the last `config` record. */
  get members(): readonly Member[] {
    return this.#configs.at(-1)?.after ?? [];
  }

  /** The voters before the last `config` record. */
  get formerMembers(): readonly Member[] {
    return this.#configs.at(-1)?.before ?? [];
  }

  /** The voters at `lsn`, which must be committed and not below `base`. */
  membersAt(lsn: number): readonly Member[] {
    return this.#configs.findLast((config) => config.lsn <= lsn)?.after ?? [];
  }

  /** §4: both configurations of the last `config` record, until it is known to be committed. */
  configsInForce(committedLsn: number): Configs {
    const config = this.#configs.at(-1);
    if (config === undefined) return [];
    return config.lsn > committedLsn ? [config.before, config.after] : [config.after];
  }

  /** Is this log at least as high as `position`, in the order of rule 9? */
  isAtLeast(position: Position): boolean {
    return comparePositions(this.last, position) >= 0;
  }
}

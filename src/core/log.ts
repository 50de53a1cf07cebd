/**
 * The log in memory: contiguous records from the one after `base` on, and the configurations that
 * they bring into force. What lies at or below `base` is in the state machine, applied.
 *
 * Invariants: base.lsn ≤ record lsns ≤ last.lsn, without gaps; epochs never fall; a record is cut
 * only to make place for another one at its lsn (rule 1), which the voter decides, not the log.
 */
import { assert } from './errors.ts';
import { comparePositions, type Position } from './messages.ts';
import type { Configs } from './quorum.ts';
import type { Member, Record } from './record.ts';

interface ConfigAt {
  readonly lsn: number;
  readonly before: readonly Member[];
  readonly after: readonly Member[];
}

/** Trimmed records are dropped from the array in blocks: a shift per record would be quadratic. */
const dropBlockRecords = 4096;

export class Log {
  #base: Position;
  #records: Record[] = [];
  /** Index in `#records` of the record after `base`. */
  #head = 0;
  /** Ascending by lsn; the first is the one that was in force at `base`, if any. */
  #configs: ConfigAt[] = [];
  /** Size of the frames held, bytes. */
  bytes = 0;

  /** An empty log that goes on after `base`, where `members` were the voters. */
  constructor(base: Position = { epoch: 0, lsn: 0 }, members: readonly Member[] = []) {
    this.#base = base;
    if (members.length > 0) {
      this.#configs.push({ lsn: base.lsn, before: members, after: members });
    }
  }

  get base(): Position {
    return this.#base;
  }

  get lastLsn(): number {
    return this.#base.lsn + this.#records.length - this.#head;
  }

  get last(): Position {
    const record = this.#records.length > this.#head ? this.#records.at(-1) : undefined;
    return record === undefined ? this.#base : { epoch: record.epoch, lsn: record.lsn };
  }

  at(lsn: number): Record | undefined {
    const index = lsn - this.#base.lsn - 1;
    return index < 0 ? undefined : this.#records[this.#head + index];
  }

  /** The epoch of the record at `lsn`; undefined where the log does not hold it (any more). */
  epochAt(lsn: number): number | undefined {
    return lsn === this.#base.lsn ? this.#base.epoch : this.at(lsn)?.epoch;
  }

  /** Exactly this record is here, or just below. By I10 all before it is the same too. */
  holds(position: Position): boolean {
    return this.epochAt(position.lsn) === position.epoch;
  }

  append(record: Record): void {
    const { last } = this;
    assert(record.lsn === last.lsn + 1, `record ${record.lsn} appended after ${last.lsn}`);
    assert(record.epoch >= last.epoch, `epoch ${record.epoch} appended after ${last.epoch}`);
    this.#records.push(record);
    this.bytes += record.frame.length;
    if (record.command.kind === 'config') {
      const { before, after } = record.command;
      this.#configs.push({ lsn: record.lsn, before, after });
    }
  }

  /** Drops the records from `lsn` on, and the configurations that they brought. */
  cut(lsn: number): void {
    assert(lsn > this.#base.lsn, `cut at ${lsn}, at or below the applied base ${this.#base.lsn}`);
    while (this.lastLsn >= lsn) this.bytes -= this.#records.pop()?.frame.length ?? 0;
    while ((this.#configs.at(-1)?.lsn ?? 0) >= lsn) this.#configs.pop();
  }

  /** Forgets the records up to `lsn`, which must be applied: only a snapshot can send them now. */
  trim(lsn: number): void {
    while (this.#base.lsn < lsn) {
      const record = this.#records[this.#head];
      assert(record !== undefined, `trimmed to ${lsn}, behind the last record`);
      this.#head += 1;
      this.bytes -= record.frame.length;
      this.#base = { epoch: record.epoch, lsn: record.lsn };
    }
    while ((this.#configs[1]?.lsn ?? Infinity) <= lsn) this.#configs.shift();
    if (this.#head >= dropBlockRecords) {
      this.#records.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Records from `lsn` on, up to `bytesMax` but at least one where there is one. */
  slice(lsn: number, bytesMax: number): Record[] {
    const records: Record[] = [];
    let bytes = 0;
    for (let next = this.at(lsn); next !== undefined; next = this.at(next.lsn + 1)) {
      bytes += next.frame.length;
      if (records.length > 0 && bytes > bytesMax) break;
      records.push(next);
    }
    return records;
  }

  /** lsn of the last `config` record; 0 where there is none. */
  get configLsn(): number {
    return this.#configs.at(-1)?.lsn ?? 0;
  }

  /** The voters after the last `config` record. */
  get members(): readonly Member[] {
    return this.#configs.at(-1)?.after ?? [];
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

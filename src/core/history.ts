/**
 * What each record changed, for as long as the log holds it: what watches are told. Nearly every
 * record changes exactly what it says, and then nothing is kept here: the change is read from the
 * record when somebody asks. Kept are the exceptions: records that changed nothing (a condition that
 * did not hold, a request that had run before), or what they do not say themselves.
 */
import type { Record } from './record.ts';

/** A key got a value, or lost it; `expire` is a lifetime that ended. */
export type Change =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly revision: number;
      readonly value: Uint8Array;
      readonly contentType: string;
    }
  | { readonly kind: 'delete' | 'expire'; readonly key: string; readonly revision: number };

const none: readonly Change[] = Object.freeze([]);

/** Exceptions kept. They are objects that live long: as many as the log has records would be a burden. */
const exceptionsMax = 65_536;

export class History {
  /** Changes up to here are forgotten: there were more exceptions than are kept. */
  floorLsn = 0;
  /** lsn → changes, ascending. */
  readonly #exceptions = new Map<number, readonly Change[]>();
  readonly #countMax: number;

  constructor(countMax = exceptionsMax) {
    this.#countMax = countMax;
  }

  /** Record `lsn` changed `changes`, and not what it says; called when it is applied. */
  except(lsn: number, changes: readonly Change[] = none): void {
    this.#exceptions.set(lsn, changes);
    if (this.#exceptions.size > this.#countMax) this.#dropOldest(Math.ceil(this.#countMax / 4));
  }

  /** Many at once: the first key of a Map is the slower to find the more were deleted before it. */
  #dropOldest(count: number): void {
    let left = count;
    for (const lsn of this.#exceptions.keys()) {
      if (left === 0) return;
      this.#exceptions.delete(lsn);
      this.floorLsn = lsn;
      left -= 1;
    }
  }

  /** Forgets the records up to `lsn`: the log no longer holds them. */
  trim(lsn: number): void {
    for (const known of this.#exceptions.keys()) {
      if (known > lsn) return;
      this.#exceptions.delete(known);
    }
  }

  /** What an applied record changed, all with its lsn as their revision. */
  changesOf(record: Record): readonly Change[] {
    return this.#exceptions.get(record.lsn) ?? changesSaidBy(record);
  }
}

function changesSaidBy({ lsn, command }: Record): readonly Change[] {
  switch (command.kind) {
    case 'put': {
      const { key, value, contentType } = command;
      return [{ kind: 'put', key, revision: lsn, value, contentType }];
    }
    case 'delete':
    case 'expire':
      return [{ kind: command.kind, key: command.key, revision: lsn }];
    // What it wrote is known when it is applied, and kept among the exceptions.
    case 'txn':
    case 'session':
    case 'config':
    case 'epoch-start':
    case 'tick':
      return none;
  }
}

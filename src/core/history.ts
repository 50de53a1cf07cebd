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

/**
 * Of the exceptions kept, bytes; the newest may have more alone. They are objects that live long: as
 * many as the log has would be a burden.
 */
const exceptionBytesMax = 32 * 1024 * 1024;
/** Rough cost of an exception, and of each change in it beside its key; values are the log's. */
const exceptionBytes = 64;
const changeBytes = 192;
/** When there are too many. */
const keptShare = 0.75;

export class History {
  /** Changes up to here are forgotten: there were more exceptions than can be kept. */
  floorLsn = 0;
  /** lsn → changes, ascending. */
  readonly #exceptions = new Map<number, readonly Change[]>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = exceptionBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Record `lsn` changed `changes`, and not what it says; called when it is applied. */
  except(lsn: number, changes: readonly Change[] = none): void {
    this.#bytes += sizeOf(changes) - sizeOf(this.#exceptions.get(lsn));
    this.#exceptions.set(lsn, changes);
    if (this.#bytes > this.#bytesMax) this.#dropOldest(lsn);
  }

  /**
   * Many at once: the first key of a Map is the slower to find the more were deleted before it.
   * `newestLsn` stays however large it is: watches are about to be told what it changed. It takes
   * about as much as the entries took that it wrote or removed, and goes when the next one comes.
   */
  #dropOldest(newestLsn: number): void {
    for (const [lsn, changes] of this.#exceptions) {
      if (lsn === newestLsn || this.#bytes <= this.#bytesMax * keptShare) return;
      this.#drop(lsn, changes);
      this.floorLsn = lsn;
    }
  }

  #drop(lsn: number, changes: readonly Change[]): void {
    this.#exceptions.delete(lsn);
    this.#bytes -= sizeOf(changes);
  }

  /** Forgets the records up to `lsn`: the log no longer holds them. */
  trim(lsn: number): void {
    for (const [known, changes] of this.#exceptions) {
      if (known > lsn) return;
      this.#drop(known, changes);
    }
  }

  /** What an applied record changed, all with its lsn as their revision. */
  changesOf(record: Record): readonly Change[] {
    return this.#exceptions.get(record.lsn) ?? changesSaidBy(record);
  }
}

function sizeOf(changes: readonly Change[] | undefined): number {
  if (changes === undefined) return 0;
  return changes.reduce((bytes, { key }) => bytes + changeBytes + key.length, exceptionBytes);
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

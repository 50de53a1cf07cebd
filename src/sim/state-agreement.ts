/**
 * I5 and I9: nodes of equal appliedLsn have equal state, and it is the replay of the log, by the code
 * and by the model of it.
 */
import type { Record } from '../core/record.ts';
import type { Store } from '../core/store.ts';
import { InvariantError } from './invariant-error.ts';
import { Oracle } from './model/oracle.ts';
import { stateDigest } from './state-digest.ts';

/** The digest of a whole state costs as much as reading it: at every so manieth lsn, and at the end. */
const digestEvery = 128;

export class StateAgreement {
  /** What clients were told, for the end. */
  readonly oracle = new Oracle();
  readonly #hashes = new Map<number, number>();
  readonly #digests = new Map<number, number>();

  /** I9, by the hash. */
  check(name: string, store: Store): void {
    const known = this.#hashes.get(store.appliedLsn);
    if (known === undefined) this.#hashes.set(store.appliedLsn, store.hash);
    else if (known !== store.hash) {
      throw new InvariantError('I9', `${name} has another state at ${store.appliedLsn}`);
    }
    if (store.appliedLsn % digestEvery === 0) this.checkDigest(name, store);
  }

  /** I9, and that the hash shows all of the state. */
  checkDigest(name: string, store: Store): void {
    const digest = stateDigest(store);
    const known = this.#digests.get(store.appliedLsn);
    if (known === undefined) this.#digests.set(store.appliedLsn, digest);
    else if (known !== digest) {
      const hidden = 'and its hash does not show it';
      throw new InvariantError('I9', `${name} has another state at ${store.appliedLsn}, ${hidden}`);
    }
  }

  /** I5, of what was committed from the first record on. */
  checkReplay(committed: ReadonlyMap<number, Record>, store: Store): void {
    const records: Record[] = [];
    for (let lsn = 1; lsn <= store.appliedLsn; lsn += 1) {
      const record = committed.get(lsn);
      // Seen by nobody: it was committed and compacted within one event.
      if (record === undefined) return;
      records.push(record);
    }
    this.oracle.check(records, store);
  }
}

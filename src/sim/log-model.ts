/**
 * Drives a file log over a simulated disk beside a model of what may be found after a crash:
 * everything that was answered, and of what was not, the operations up to some point and a part of
 * the next. Used by the property test, and by longer runs with other seeds.
 */

import { createFileLog } from '../adapters/file-log.ts';
import { makeMeta, makeRecords } from '../adapters/storage-fixtures.ts';
import { assert } from '../core/errors.ts';
import { type Limits, makeLimits } from '../core/limits.ts';
import { silentLogger } from '../ports/logger.ts';
import type { Recovered, Storage } from '../ports/storage.ts';
import { SeededRandom } from './seeded-random.ts';
import { EventQueue, SimClock } from './sim-clock.ts';
import { createSimDisk, type SimDisk } from './sim-disk.ts';
import { noDiskFaults, type SimDiskFaults } from './sim-disk-faults.ts';

export type LogCommand =
  | { readonly kind: 'append'; readonly count: number; readonly valueBytes: number }
  | { readonly kind: 'cut'; readonly count: number }
  | { readonly kind: 'meta' }
  | { readonly kind: 'snapshot'; readonly behind: number }
  /** A snapshot of another node, which agrees with this log up to `shared` records from its end. */
  | { readonly kind: 'replace'; readonly shared: number; readonly more: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'faults'; readonly faults: Partial<SimDiskFaults> }
  | { readonly kind: 'restart'; readonly how: 'crash' | 'kill' };

/** The whole log, of which the snapshot stands for a part, and the promise in the meta. */
interface State {
  readonly names: readonly string[];
  readonly promised: number;
}

/** An operation in the order of the calls; `partial` says whether a part of it may be found. */
interface Step {
  readonly after: State;
  readonly partial: 'records' | 'none';
}

export type LogLimits = Pick<Limits, 'segmentBytesMax' | 'logAheadBytes'>;

export class LogModel {
  /** Restarts survived. */
  restarts = 0;
  readonly #events = new EventQueue();
  readonly #disk: SimDisk;
  /** Of each life, in turns: somebody may change them. */
  readonly #limits: readonly LogLimits[];
  #storage!: Storage;
  /** Of this life: the timers of a dead process do not fire. */
  #clock!: SimClock;
  /** What was found at the last start, then every operation since. */
  #steps: Step[] = [];
  #answered = 0;
  #failure: Error | null = null;
  #snapshotLsn = 0;
  #savedSnapshotLsn = 0;
  #tag = 0;
  #epoch = 1;
  #life = 0;
  #hadFaults = false;

  constructor(seed: number, limits: readonly LogLimits[]) {
    this.#limits = limits;
    const random = new SeededRandom(seed, 'disk');
    this.#disk = createSimDisk({ clock: new SimClock(this.#events), random });
    this.#open([{ after: { names: [], promised: 0 }, partial: 'none' }]);
  }

  run(commands: readonly LogCommand[]): void {
    for (const command of commands) this.#do(command);
    this.#restart('crash');
    // What was found once must still be there, if the power fails again before anything is done.
    this.#restart('crash');
  }

  #do(command: LogCommand): void {
    switch (command.kind) {
      case 'append':
        return this.#append(command.count, command.valueBytes);
      case 'cut':
        return this.#cut(command.count);
      case 'meta':
        return this.#saveMeta();
      case 'snapshot':
        return this.#saveSnapshot(command.behind);
      case 'replace':
        return this.#replace(command.shared, command.more);
      case 'wait':
        return this.#wait(command.ms);
      case 'faults':
        this.#hadFaults = true;
        Object.assign(this.#disk.faults, command.faults);
        return;
      case 'restart':
        return this.#restart(command.how);
    }
  }

  get #state(): State {
    const last = this.#steps.at(-1);
    assert(last !== undefined, 'there is always what was found at the start');
    return last.after;
  }

  /** The answer to the next operation in order. */
  #step(after: State, partial: Step['partial']): (error?: Error) => void {
    const index = this.#steps.push({ after, partial }) - 1;
    const life = this.#life;
    return (error) => {
      assert(life === this.#life, 'a call of an earlier life was answered');
      this.#noteFailure(error);
      if (error !== undefined) return;
      assert(index === this.#answered + 1, `call ${index} answered after ${this.#answered}`);
      this.#answered = index;
    };
  }

  #noteFailure(error: Error | undefined): void {
    assert(error === undefined || this.#hadFaults, `failed without a fault: ${error?.message}`);
    assert(this.#failure === null || error === this.#failure, 'a failed log answered otherwise');
    this.#failure ??= error ?? null;
  }

  #append(count: number, valueBytes: number): void {
    const { names, promised } = this.#state;
    this.#tag += 1;
    const options = { epoch: this.#epoch, valueBytes, tag: `-${this.#tag}` };
    const records = makeRecords(names.length + 1, count, options);
    const after = { names: [...names, ...keysOf(records)], promised };
    this.#storage.append(records, this.#step(after, 'records'));
  }

  #cut(count: number): void {
    const { names, promised } = this.#state;
    const length = Math.max(this.#snapshotLsn, names.length - count);
    this.#epoch += 1;
    const after = { names: names.slice(0, length), promised };
    this.#storage.cut(length + 1, this.#step(after, 'records'));
  }

  #saveMeta(): void {
    const { names, promised } = this.#state;
    const after = { names, promised: promised + 1 };
    this.#storage.saveMeta(makeMeta(promised + 1), this.#step(after, 'none'));
  }

  #saveSnapshot(behind: number): void {
    const { names } = this.#state;
    const lsn = Math.max(this.#snapshotLsn, names.length - behind);
    this.#snapshotLsn = lsn;
    this.#storage.saveSnapshot(lsn, chunksOf(names, lsn), { replaceLog: false }, (error) => {
      this.#noteFailure(error);
      if (error === undefined) this.#savedSnapshotLsn = Math.max(this.#savedSnapshotLsn, lsn);
    });
  }

  #replace(shared: number, more: number): void {
    const { names, promised } = this.#state;
    this.#tag += 1;
    const kept = names.slice(0, Math.max(this.#snapshotLsn, names.length - shared));
    const added = Array.from({ length: more }, (_, index) => `other-${index}-${this.#tag}`);
    const after = { names: [...kept, ...added], promised };
    const lsn = after.names.length;
    this.#snapshotLsn = lsn;
    this.#epoch += 1;
    const done = this.#step(after, 'none');
    this.#storage.saveSnapshot(lsn, chunksOf(after.names, lsn), { replaceLog: true }, done);
  }

  #wait(ms: number): void {
    const untilMs = this.#events.nowMs + ms;
    while (this.#events.runNext(untilMs)) {}
  }

  #restart(how: 'crash' | 'kill'): void {
    this.restarts += 1;
    this.#life += 1;
    this.#clock.die();
    if (how === 'crash') this.#disk.crash();
    else this.#disk.kill();
    const possible = this.#steps.slice(this.#answered);
    const hadFailedSync = this.#hadFaults && how === 'kill';
    Object.assign(this.#disk.faults, noDiskFaults);
    this.#open(possible);
    // Bytes of a failed sync are safe only when they have been written anew.
    if (hadFailedSync) this.#wait(100);
  }

  /** `possible`: what is there at least, and the operations that may be there as well. */
  #open(possible: readonly Step[]): void {
    this.#clock = new SimClock(this.#events);
    this.#storage = createFileLog({
      disk: this.#disk,
      limits: makeLimits(this.#limits[this.#life % this.#limits.length]),
      logger: silentLogger,
      clock: this.#clock,
    });
    const recovered = this.#storage.recover();
    const found = stateOf(recovered);
    checkLegal(found, possible);
    const lsn = recovered.snapshot?.lsn ?? 0;
    assert(lsn >= this.#savedSnapshotLsn, `snapshot ${lsn} is older than one that was saved`);
    this.#steps = [{ after: found, partial: 'none' }];
    this.#answered = 0;
    this.#failure = null;
    this.#hadFaults = false;
    this.#snapshotLsn = lsn;
    this.#epoch = Math.max(this.#epoch, recovered.records.at(-1)?.epoch ?? 0) + 1;
    if (found.promised === 0) this.#saveMeta();
  }
}

function keysOf(records: Recovered['records']): string[] {
  return records.map(({ command }) => (command.kind === 'put' ? command.key : command.kind));
}

/** The names as a snapshot, in pieces. */
function* chunksOf(names: readonly string[], lsn: number): Generator<Uint8Array, void, void> {
  for (const name of names.slice(0, lsn)) yield new TextEncoder().encode(`${name}\n`);
}

function stateOf({ meta, snapshot, records }: Recovered): State {
  const text = new TextDecoder().decode(snapshot?.bytes ?? new Uint8Array(0));
  const names = text.split('\n').slice(0, -1);
  assert(names.length === (snapshot?.lsn ?? 0), 'the snapshot is not of its lsn');
  for (const [index, { lsn }] of records.entries()) {
    assert(lsn === names.length + 1 + index, `record ${lsn} follows ${names.length + index}`);
  }
  return { names: [...names, ...keysOf(records)], promised: meta?.promised ?? 0 };
}

function checkLegal(found: State, possible: readonly Step[]): void {
  const isLegal = possible.some(({ after }, index) => {
    const next = possible[index + 1];
    if (show(found) === show(after)) return true;
    if (next?.partial !== 'records' || found.promised !== after.promised) return false;
    const ends = [after.names, next.after.names].sort((a, b) => a.length - b.length);
    const [shorter = [], longer = []] = ends;
    return startsWith(found.names, shorter) && startsWith(longer, found.names);
  });
  const expected = possible.map(({ after }) => show(after)).join('\n');
  assert(isLegal, `found ${show(found)}\nof ${expected}`);
}

function show({ names, promised }: State): string {
  return `${promised}:${names.join(',')}`;
}

function startsWith(names: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((name, index) => names[index] === name);
}

/** A file log on a simulated disk, for tests that look at one thing at a time. */

import { createFileLog } from '../adapters/file-log.ts';
import { makeMeta } from '../adapters/storage-fixtures.ts';
import { makeLimits } from '../core/limits.ts';
import type { Record } from '../core/record.ts';
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';
import { type Logger, silentLogger } from '../ports/logger.ts';
import type { Recovered, Storage } from '../ports/storage.ts';
import type { LogLimits } from './log-model.ts';
import { SeededRandom } from './seeded-random.ts';
import { EventQueue, SimClock } from './sim-clock.ts';
import { createSimDisk } from './sim-disk.ts';

export interface SimLogOptions {
  readonly seed?: number;
  readonly segmentBytesMax?: number;
  readonly logAheadBytes?: number;
  /** Around the simulated disk. */
  readonly wrap?: (disk: Disk) => Disk;
}

export class SimLog {
  readonly events = new EventQueue();
  readonly disk;
  /** What the log said to people: sentences. */
  readonly warnings: string[] = [];
  readonly #options: SimLogOptions;
  /** As of the next start. */
  limits: LogLimits;
  storage!: Storage;
  recovered!: Recovered;
  #clock!: SimClock;

  constructor(options: SimLogOptions = {}) {
    this.#options = options;
    const { segmentBytesMax = 100_000, logAheadBytes = 0 } = options;
    this.limits = { segmentBytesMax, logAheadBytes };
    const random = new SeededRandom(options.seed ?? 1);
    this.disk = createSimDisk({ clock: new SimClock(this.events), random });
    this.open();
    this.storage.saveMeta(makeMeta(1), () => {});
    this.wait(100);
  }

  open(): Recovered {
    const { wrap = (disk: Disk) => disk } = this.#options;
    const logger: Logger = { ...silentLogger, warn: (message) => this.warnings.push(message) };
    this.#clock = new SimClock(this.events);
    this.storage = createFileLog({
      disk: wrap(this.disk),
      limits: makeLimits(this.limits),
      logger,
      clock: this.#clock,
    });
    this.recovered = this.storage.recover();
    return this.recovered;
  }

  /** A restart without `close`: what is under way is lost. */
  restart(how: 'crash' | 'kill' = 'kill'): Recovered {
    this.#clock.die();
    this.disk[how]();
    return this.open();
  }

  wait(ms: number): void {
    const untilMs = this.events.nowMs + ms;
    while (this.events.runNext(untilMs)) {}
  }

  /** Runs one operation to its end. Throws its error. */
  finish(start: (done: DiskDone) => void): void {
    let outcome: Error | 'done' | null = null;
    start((error) => {
      outcome = error ?? 'done';
    });
    this.wait(1000);
    if (outcome !== 'done') throw outcome ?? new Error('it was never answered');
  }

  append(records: readonly Record[]): void {
    this.finish((done) => this.storage.append(records, done));
  }

  saveSnapshot(lsn: number, text: string, replaceLog = false): void {
    const chunks = [new TextEncoder().encode(text)];
    this.finish((done) => this.storage.saveSnapshot(lsn, chunks, { replaceLog }, done));
  }

  /** Names of the files of one kind. */
  files(prefix: string): string[] {
    return [...this.disk.files().keys()].filter((name) => name.startsWith(prefix));
  }

  /** Changes the bytes of a file behind the back of the log. */
  damage(name: string, change: (bytes: Uint8Array) => Uint8Array | undefined): void {
    const bytes = this.disk.files().get(name) ?? new Uint8Array(0);
    this.disk.overwrite(name, change(bytes) ?? bytes);
  }
}

/** Flips the lowest bit at `offset`; counts from the end where it is negative. */
export function flipAt(offset: number): (bytes: Uint8Array) => undefined {
  return (bytes) => {
    const index = offset < 0 ? bytes.length + offset : offset;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
  };
}

/** Notes what is asked of a disk, in order: `write log`, `sync log`, … */
function noteCalls(calls: string[]): (disk: Disk) => Disk {
  const short = (name: string) => name.replace(/[-.].*/, '');
  const noteFile = (name: string, file: DiskFile): DiskFile => ({
    get sizeBytes() {
      return file.sizeBytes;
    },
    write(offset, chunks, done) {
      calls.push(`write ${short(name)}`);
      file.write(offset, chunks, done);
    },
    sync(done) {
      calls.push(`sync ${short(name)}`);
      file.sync(done);
    },
    truncate(sizeBytes, done) {
      calls.push(`truncate ${short(name)}`);
      file.truncate(sizeBytes, done);
    },
    close: () => file.close(),
  });
  return (disk) => ({
    list: () => disk.list(),
    read: (name) => disk.read(name),
    open: (name) => noteFile(name, disk.open(name)),
    rename(from, to, done) {
      calls.push(`rename ${short(to)}`);
      disk.rename(from, to, done);
    },
    remove(name, done) {
      calls.push(`remove ${short(name)}`);
      disk.remove(name, done);
    },
    syncDirectory(done) {
      calls.push('sync directory');
      disk.syncDirectory(done);
    },
  });
}

/** A log, and what it asks of its disk from now on. */
export function notedLog(): { readonly log: SimLog; readonly calls: string[] } {
  const calls: string[] = [];
  const log = new SimLog({ wrap: noteCalls(calls) });
  calls.length = 0;
  return { log, calls };
}

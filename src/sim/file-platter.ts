/**
 * The real file log of a master (adapters/file-log.ts) on a simulated disk. What the dice may do to
 * it is in sim-disk.ts: lost, torn and reordered sectors of what was not synced, syncs that fail or
 * take long, no space left; and here flipped bits.
 */
import { createFileLog } from '../adapters/file-log.ts';
import { readLog } from '../adapters/log-recovery.ts';
import type { Limits } from '../core/limits.ts';
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';
import { silentLogger } from '../ports/logger.ts';
import { CorruptLogError, type Storage } from '../ports/storage.ts';
import type { SeededRandom } from './seeded-random.ts';
import { type EventQueue, SimClock } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { type Platter, type StorageFaults, soundStorage } from './sim-storage.ts';

export interface FilePlatterOptions {
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly limits: Limits;
}

export class FilePlatter implements Platter {
  readonly #options: FilePlatterOptions;
  #disk: SimDisk;
  #faults: Readonly<StorageFaults> = soundStorage;

  constructor(options: FilePlatterOptions) {
    this.#options = options;
    this.#disk = this.#newDisk();
  }

  #newDisk(): SimDisk {
    const { queue, random } = this.#options;
    return new SimDisk({ clock: new SimClock(queue), random });
  }

  get faults(): Readonly<StorageFaults> {
    return this.#faults;
  }

  set faults(faults: Readonly<StorageFaults>) {
    this.#faults = faults;
    this.#applyFaults();
  }

  #applyFaults(): void {
    const { syncMs, failShare, capacityBytes = Number.POSITIVE_INFINITY } = this.#faults;
    const [latencyMsMin, latencyMsMax] = syncMs;
    Object.assign(this.#disk.faults, {
      latencyMsMin,
      latencyMsMax,
      syncFailShare: failShare,
      writeFailShare: failShare,
      capacityBytes,
    });
  }

  open(clock: SimClock): Storage {
    const { limits } = this.#options;
    const disk = heldBack(this.#disk, clock);
    return createFileLog({ disk, limits, logger: silentLogger, clock });
  }

  kill(): void {
    this.#disk.kill();
  }

  cutPower(): void {
    this.#disk.crash();
  }

  wipe(): void {
    this.#disk.kill();
    this.#disk = this.#newDisk();
    this.#applyFaults();
  }

  /** Bytes in all files. */
  get usedBytes(): number {
    let bytes = 0;
    for (const file of this.#disk.files().values()) bytes += file.length;
    return bytes;
  }

  /**
   * Flips one bit of one file, while no process runs. Answers what a restart will make of it:
   * `missed` where a damaged last write would pass for a torn one. The watermark closes that window
   * within seconds (log-watermark.ts); until then one copy of a record can be lost unnoticed, which
   * is more than this cluster promises to bear, so that such a flip is taken back.
   */
  flipBit(random: SeededRandom): 'detected' | 'harmless' | 'missed' {
    const names = this.#disk.list();
    if (names.length === 0) return 'harmless';
    const name = random.pick(names);
    const before = this.#disk.read(name);
    const held = this.#heldNow();
    this.#disk.flipBit(name);
    const left = this.#heldNow();
    if (left === null) return 'detected';
    if (left === held) return 'harmless';
    this.#disk.overwrite(name, before);
    return 'missed';
  }

  /** All that a restart would find, as one text; null where it would refuse to start. */
  #heldNow(): string | null {
    try {
      const { lastLsn, recovered } = readLog(this.#disk, silentLogger);
      return JSON.stringify([lastLsn, recovered.meta]);
    } catch (error) {
      if (error instanceof CorruptLogError) return null;
      throw error;
    }
  }
}

/** The kernel works on while a process is stopped; the process hears of it when it goes on. */
function heldBack(disk: Disk, clock: SimClock): Disk {
  const hold =
    (done: DiskDone): DiskDone =>
    (error) =>
      clock.whenAwake(() => done(error));
  return {
    list: () => disk.list(),
    read: (name) => disk.read(name),
    open: (name) => heldBackFile(disk.open(name), hold),
    rename: (from, to, done) => disk.rename(from, to, hold(done)),
    remove: (name, done) => disk.remove(name, hold(done)),
    syncDirectory: (done) => disk.syncDirectory(hold(done)),
  };
}

function heldBackFile(file: DiskFile, hold: (done: DiskDone) => DiskDone): DiskFile {
  return {
    get sizeBytes() {
      return file.sizeBytes;
    },
    write: (offset, chunks, done) => file.write(offset, chunks, hold(done)),
    sync: (done) => file.sync(hold(done)),
    truncate: (sizeBytes, done) => file.truncate(sizeBytes, hold(done)),
    close: () => file.close(),
  };
}

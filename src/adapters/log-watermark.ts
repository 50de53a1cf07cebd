/**
 * The synced watermark: a place in the log that is known to be synced, in a file of its own. The
 * log proves all of itself but its last write (log-frames.ts); without this file, a flipped bit in
 * the last record before a shutdown would look like a torn write, and an acknowledged record would
 * be cut.
 *
 * It is written lazily, a few seconds behind, beside the log and never in the way of an append: a
 * watermark that is too low costs only that proof, for as long. One that is too high would make a
 * sound log look damaged, so it is lowered, durably, before anything is cut.
 */
import type { Clock, Timer } from '../ports/clock.ts';
import type { Disk, DiskDone } from '../ports/disk.ts';
import { encodeWatermark, type Place } from './log-frames.ts';
import { watermarkName } from './log-names.ts';
import { createLane, type Lane, replaceFile } from './log-steps.ts';

/** Two syncs of a small file in so long are lost among the syncs of the log. */
export const watermarkEveryMs = 5000;

export class Watermark {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #onFailure: (error: Error) => void;
  readonly #lane: Lane = createLane();
  #synced: Place;
  /** The highest that the file may hold. */
  #written: Place;
  #timer: Timer | null = null;

  constructor(disk: Disk, clock: Clock, written: Place, onFailure: (error: Error) => void) {
    this.#disk = disk;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#synced = written;
    this.#written = written;
  }

  /** Everything up to `synced` is known to be synced; to be written within `watermarkEveryMs`. */
  raise(synced: Place): void {
    this.#synced = synced;
    this.#timer ??= this.#clock.setTimer(watermarkEveryMs, () => {
      this.#timer = null;
      this.#write((error) => error !== undefined && this.#onFailure(error));
    });
  }

  /** No file says more than `synced` any longer when `done` is called. */
  lower(synced: Place, done: DiskDone): void {
    this.#synced = synced;
    if (this.#written.series === synced.series && this.#written.lsn > synced.lsn) this.#write(done);
    else done();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #write(done: DiskDone): void {
    this.#lane((next) => {
      const place = this.#synced;
      this.#written = place;
      replaceFile(this.#disk, watermarkName, encodeWatermark(place), next);
    }, done);
  }
}

/**
 * Order for operations that answer by callback. Promises would do it shorter, but they put
 * microtasks between a synced record and its answer, which a simulation cannot step over.
 */
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';
import { tempName } from './log-names.ts';

/** Something that ends by calling `done` once. */
export type Step = (done: DiskDone) => void;

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Runs the steps one after another, up to the first error. */
export function inOrder(steps: readonly Step[], done: DiskDone): void {
  const runFrom = (index: number) => {
    const step = steps[index];
    if (step === undefined) done();
    else step((error) => (error === undefined ? runFrom(index + 1) : done(error)));
  };
  runFrom(0);
}

/** Takes steps at any time and runs one at a time, in the order in which they came. */
export type Lane = (step: Step, done: DiskDone) => void;

export function createLane(): Lane {
  const waiting: { readonly step: Step; readonly done: DiskDone }[] = [];
  let isBusy = false;
  const runNext = () => {
    const next = waiting.shift();
    isBusy = next !== undefined;
    next?.step((error) => {
      next.done(error);
      runNext();
    });
  };
  return (step, done) => {
    waiting.push({ step, done });
    if (!isBusy) runNext();
  };
}

/** Opens `name`, gives it to `use`, closes it. `done` is told where it cannot be opened. */
export function withFile(
  disk: Disk,
  name: string,
  use: (file: DiskFile, done: DiskDone) => void,
  done: DiskDone,
): void {
  let file: DiskFile;
  try {
    file = disk.open(name);
  } catch (error) {
    done(asError(error));
    return;
  }
  use(file, (error) => {
    file.close();
    done(error);
  });
}

/**
 * Makes `bytes` the content of a file so that after a crash either the old one or the new one is
 * there, whole: under another name, synced, then renamed over the old one.
 */
export function replaceFile(disk: Disk, name: string, bytes: Uint8Array, done: DiskDone): void {
  replaceFileWith(disk, name, (file, written) => file.write(0, [bytes], written), done);
}

/** As `replaceFile`, with what `write` writes into an empty file. */
export function replaceFileWith(
  disk: Disk,
  name: string,
  write: (file: DiskFile, done: DiskDone) => void,
  done: DiskDone,
): void {
  const temp = tempName(name);
  const fill = (file: DiskFile, filled: DiskDone) => {
    if (file.sizeBytes > 0) filled(new Error(`${temp} is in use; is another dsm running here?`));
    else inOrder([(next) => write(file, next), (next) => file.sync(next)], filled);
  };
  inOrder(
    [
      (next) => withFile(disk, temp, fill, next),
      (next) => disk.rename(temp, name, next),
      (next) => disk.syncDirectory(next),
    ],
    done,
  );
}

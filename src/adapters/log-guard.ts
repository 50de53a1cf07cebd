/**
 * A disk that stops: once the log has failed or was closed, nothing more is begun, wherever in a
 * row of steps it is. What is under way ends by itself.
 */
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';

export function guardDisk(disk: Disk, failure: () => Error | null): Disk {
  const unlessStopped = (begin: (done: DiskDone) => void, done: DiskDone) => {
    const stopped = failure();
    if (stopped === null) begin(done);
    else done(stopped);
  };
  const guardFile = (file: DiskFile): DiskFile => ({
    get sizeBytes() {
      return file.sizeBytes;
    },
    write: (offset, chunks, done) =>
      unlessStopped((next) => file.write(offset, chunks, next), done),
    sync: (done) => unlessStopped((next) => file.sync(next), done),
    truncate: (sizeBytes, done) => unlessStopped((next) => file.truncate(sizeBytes, next), done),
    close: () => file.close(),
  });
  return {
    list: () => disk.list(),
    read: (name) => disk.read(name),
    open(name) {
      const stopped = failure();
      if (stopped !== null) throw stopped;
      return guardFile(disk.open(name));
    },
    rename: (from, to, done) => unlessStopped((next) => disk.rename(from, to, next), done),
    remove: (name, done) => unlessStopped((next) => disk.remove(name, next), done),
    syncDirectory: (done) => unlessStopped((next) => disk.syncDirectory(next), done),
  };
}

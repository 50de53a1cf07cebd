/**
 * The `Disk` port on node:fs, as Node, Bun and Deno have it. Callback style: one hop through the
 * thread pool for an operation that may take long, none for one that does not.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';
import { asError, createLane, type Lane } from './log-steps.ts';
import { openDirectory } from './open-directory.ts';
import { SyncPace } from './sync-pace.ts';

/** Of more chunks one is made first: POSIX allows no more than 1024 in one `writev`. */
const chunksMax = 1024;

const readBytesMax = 2 ** 30;

/**
 * A write up to this size is a copy into the page cache, done before the thread pool would have
 * taken it up. For the sync behind it see sync-pace.ts.
 */
const writeSyncBytesMax = 256 * 1024;

/** Creates `directory` where it does not exist. Throws where it cannot be used. */
export function createNodeDisk(directory: string): Disk {
  return new NodeDisk(directory);
}

/** Of a callback: where nothing failed, Node says null and Deno undefined. */
type Failure = Error | null | undefined;

function failed(doing: string, cause: unknown): Error {
  return new Error(`${doing}: ${asError(cause).message}`, { cause });
}

class NodeDisk implements Disk {
  readonly #directory: string;
  /** null where directories cannot be synced. */
  readonly #directoryFd: number | null;

  constructor(directory: string) {
    this.#directory = path.resolve(directory);
    try {
      ensureDirectory(this.#directory);
      fs.accessSync(this.#directory, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
      this.#directoryFd = openDirectory(this.#directory);
    } catch (error) {
      const doing = `The data directory ${this.#directory} cannot be used`;
      throw failed(`${doing}; choose another, or let this user write to it`, error);
    }
  }

  /** Syncs the directory first: what is listed is durable, whoever wrote it. */
  list(): string[] {
    try {
      if (this.#directoryFd !== null) fs.fsyncSync(this.#directoryFd);
      const entries = fs.readdirSync(this.#directory, { withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory())
        .map(({ name }) => name)
        .sort();
    } catch (error) {
      throw failed(`Listing ${this.#directory}`, error);
    }
  }

  /** Syncs the file first: a killed process may have left bytes that no sync had covered. */
  read(name: string): Uint8Array {
    try {
      const fd = fs.openSync(this.#path(name), 'r+');
      try {
        fs.fsyncSync(fd);
        return readAll(fd);
      } finally {
        fs.closeSync(fd);
      }
    } catch (error) {
      throw failed(`Reading ${this.#path(name)}`, error);
    }
  }

  open(name: string): DiskFile {
    try {
      return new NodeFile(this.#path(name));
    } catch (error) {
      throw failed(`Opening ${this.#path(name)}`, error);
    }
  }

  rename(from: string, to: string, done: DiskDone): void {
    const doing = `Renaming ${this.#path(from)} to ${to}`;
    fs.rename(this.#path(from), this.#path(to), (error) => finish(doing, error, done));
  }

  remove(name: string, done: DiskDone): void {
    fs.unlink(this.#path(name), (error) => finish(`Removing ${this.#path(name)}`, error, done));
  }

  syncDirectory(done: DiskDone): void {
    if (this.#directoryFd === null) setImmediate(done);
    else fs.fsync(this.#directoryFd, (error) => finish(`Syncing ${this.#directory}`, error, done));
  }

  #path(name: string): string {
    return path.join(this.#directory, name);
  }
}

/** One by one: on Deno, `writevSync` copies all of them twice first, which takes longer. */
function writeNow(
  fd: number,
  offset: number,
  chunks: readonly Uint8Array[],
  onWritten: (error: Failure, writtenBytes: number) => void,
): void {
  let writtenBytes = 0;
  try {
    for (const chunk of chunks) {
      const count = fs.writeSync(fd, chunk, 0, chunk.length, offset + writtenBytes);
      writtenBytes += count;
      if (count < chunk.length) break;
    }
  } catch (error) {
    onWritten(asError(error), 0);
    return;
  }
  onWritten(null, writtenBytes);
}

/** `fs.readFileSync` ends at 2 GiB; a snapshot need not. */
function readAll(fd: number): Uint8Array {
  const bytes = new Uint8Array(fs.fstatSync(fd).size);
  for (let offset = 0; offset < bytes.length; ) {
    const count = fs.readSync(
      fd,
      bytes,
      offset,
      Math.min(readBytesMax, bytes.length - offset),
      offset,
    );
    if (count === 0) throw new Error(`it ended after ${offset} of ${bytes.length} bytes`);
    offset += count;
  }
  return bytes;
}

/** Creates a directory, and syncs its name: it must not vanish with the synced files in it. */
export function ensureDirectory(directory: string): void {
  const created: string[] = [];
  for (let at = path.resolve(directory); !fs.existsSync(at); at = path.dirname(at))
    created.push(at);
  fs.mkdirSync(directory, { recursive: true });
  for (const name of created.reverse()) {
    const fd = openDirectory(path.dirname(name));
    if (fd !== null) fs.closeSync(fd);
  }
}

function finish(doing: string, error: Failure, done: DiskDone): void {
  if (error) done(failed(doing, error));
  else done();
}

class NodeFile implements DiskFile {
  readonly #path: string;
  readonly #fd: number;
  /** The thread pool keeps no order by itself. */
  readonly #lane: Lane = createLane();
  readonly #pace = new SyncPace();
  #sizeBytes: number;
  #isClosed = false;

  constructor(filePath: string) {
    this.#path = filePath;
    this.#fd = fs.openSync(filePath, fs.constants.O_WRONLY | fs.constants.O_CREAT);
    this.#sizeBytes = fs.fstatSync(this.#fd).size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  write(offset: number, chunks: readonly Uint8Array[], done: DiskDone): void {
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    this.#run('Writing', done, (next) => {
      const onWritten = (error: Failure, writtenBytes: number) => {
        if (!error) this.#sizeBytes = Math.max(this.#sizeBytes, offset + writtenBytes);
        if (error || writtenBytes === bytes) next(error);
        else next(new Error(`only ${writtenBytes} of ${bytes} bytes were written; is it full?`));
      };
      const [first] = chunks.length > chunksMax ? [Buffer.concat(chunks)] : chunks;
      if (first === undefined) next(null);
      else if (bytes <= writeSyncBytesMax && chunks.length <= chunksMax) {
        writeNow(this.#fd, offset, chunks, onWritten);
      } else if (chunks.length === 1 || chunks.length > chunksMax)
        fs.write(this.#fd, first, 0, first.length, offset, onWritten);
      else fs.writev(this.#fd, chunks, offset, onWritten);
    });
  }

  sync(done: DiskDone): void {
    this.#run('Syncing', done, (next) => {
      const beginMs = performance.now();
      if (this.#pace.mayBlock(beginMs)) {
        // What goes out to other nodes beside this sync, in the same step, is on its way first:
        // undici writes to a connection that was idle in an immediate, set within the step.
        queueMicrotask(() => setImmediate(() => this.#syncNow(next)));
        return;
      }
      fs.fdatasync(this.#fd, (error) => {
        const endMs = performance.now();
        this.#pace.onPooled(endMs - beginMs, endMs);
        next(error);
      });
    });
  }

  #syncNow(next: (error: Failure) => void): void {
    const beginMs = performance.now();
    let failure: Failure = null;
    try {
      fs.fdatasyncSync(this.#fd);
    } catch (error) {
      failure = asError(error);
    }
    const endMs = performance.now();
    this.#pace.onBlocked(endMs - beginMs, endMs);
    next(failure);
  }

  truncate(sizeBytes: number, done: DiskDone): void {
    this.#run('Cutting', done, (next) =>
      fs.ftruncate(this.#fd, sizeBytes, (error) => {
        if (!error) this.#sizeBytes = sizeBytes;
        next(error);
      }),
    );
  }

  /** What was asked before is still carried out. */
  close(): void {
    const close = (next: DiskDone) => {
      this.#isClosed = true;
      fs.close(this.#fd, () => next());
    };
    if (!this.#isClosed) this.#lane(close, () => {});
  }

  #run(doing: string, done: DiskDone, operation: (next: (error: Failure) => void) => void): void {
    this.#lane((next) => {
      if (this.#isClosed) setImmediate(next, new Error(`${this.#path} is closed`));
      else operation((error) => finish(`${doing} ${this.#path}`, error, next));
    }, done);
  }
}

/** Called exactly once; an error means that nothing is known about what reached the disk. */
export type DiskDone = (error?: Error) => void;

/** A file opened for writing. Operations on one file are carried out in the order of the calls. */
export interface DiskFile {
  /** Its length, counting what was there when it was opened. */
  readonly sizeBytes: number;
  /**
   * Writes all chunks, one behind the other, from `offset` on, which is at most `sizeBytes`: over
   * what is there, and beyond it. A short write is an error. The caller must not change the bytes
   * until `done`. What was written may be lost, torn at a sector or reordered by a crash until a
   * later `sync` has succeeded.
   */
  write(offset: number, chunks: readonly Uint8Array[], done: DiskDone): void;
  /** Makes all data written before this call survive a power cut (fdatasync). */
  sync(done: DiskDone): void;
  /** Cuts the file to `sizeBytes`; durable after the next `sync`. */
  truncate(sizeBytes: number, done: DiskDone): void;
  close(): void;
}

/**
 * One flat directory of one node, and nothing outside it.
 *
 * Contract: `list` and `read` are synchronous and are used while a node starts only. Creating,
 * renaming or removing a file is durable after the next `syncDirectory`. Any error is final for the
 * log that sits on it (DESIGN.md §5 rule 13): nobody retries a write or a sync.
 */
export interface Disk {
  /** File names, sorted. */
  list(): string[];
  /** The whole file. Throws where it does not exist or cannot be read. */
  read(name: string): Uint8Array;
  /** Opens to write, creating an empty file where there is none. Throws on failure. */
  open(name: string): DiskFile;
  rename(from: string, to: string, done: DiskDone): void;
  remove(name: string, done: DiskDone): void;
  syncDirectory(done: DiskDone): void;
}

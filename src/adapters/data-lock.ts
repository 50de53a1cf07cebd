/**
 * Keeps a second process out of a data directory: two writers of one log would each destroy what
 * the other acknowledged.
 *
 * The lock must be free at the instant its holder is gone, kill -9 included, or a restart would
 * wait in vain; and it must never be free before, or there are two writers. So it is a lock of the
 * kernel, which ends with the process that holds it. No file with a pid or a time in it can do
 * both: proper-lockfile gives a dead holder's lock away only after seconds, and may give away that
 * of a living one that was stopped for as long; a pid is given out again, means nothing in another
 * container on the same volume, and two starters that find a dead one must still race.
 *
 * The JavaScript runtimes offer such a lock in one place only: Node, Bun and Deno have SQLite
 * built in, and an exclusive transaction holds a lock of the operating system on its file, on
 * Linux, macOS and Windows. The database stays empty and is never written. Nothing else may open
 * its file: POSIX drops a lock when its process closes any descriptor of the file. Who holds it is
 * written, for people, next to it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { lockHolderName, lockName } from './log-names.ts';
import { asError } from './log-steps.ts';
import { ensureDirectory } from './node-disk.ts';

/** A data directory that is this process's alone until `release`, or until the process ends. */
export interface DataLock {
  release(): void;
}

/** Held locks: one that nothing refers to would be collected, and its lock released. */
const held = new Set<DatabaseSync>();

const sqliteBusy = 'database is locked';

/**
 * Creates the directory where it does not exist. Throws an Error that says who holds the lock, at
 * once: it never waits. Release it only when the log on the directory is closed.
 */
export function lockDataDirectory(directory: string): DataLock {
  const root = path.resolve(directory);
  let database: DatabaseSync | undefined;
  try {
    ensureDirectory(root);
    database = new DatabaseSync(path.join(root, lockName));
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (reason) {
    database?.close();
    throw lockError(root, asError(reason));
  }
  const lock = database;
  held.add(lock);
  nameHolder(root);
  return {
    release() {
      if (held.delete(lock)) lock.close();
    },
  };
}

function nameHolder(root: string): void {
  try {
    const holder = { pid: process.pid };
    fs.writeFileSync(path.join(root, lockHolderName), `${JSON.stringify(holder)}\n`);
  } catch {
    // On a full disk, say: the lock holds all the same, only its holder stays unnamed.
  }
}

function lockError(root: string, cause: Error): Error {
  if (!cause.message.includes(sqliteBusy)) {
    const advice = 'Choose another directory, or let this user write to it';
    return new Error(`Cannot lock the data directory ${root}: ${cause.message}. ${advice}.`, {
      cause,
    });
  }
  const advice = 'Stop that process, or give this one a data directory of its own';
  return new Error(`The data directory ${root} is in use by ${holderOf(root)}. ${advice}.`, {
    cause,
  });
}

/** The holder by its pid; it may have taken the lock this instant and not written it yet. */
function holderOf(root: string): string {
  try {
    const holder: unknown = JSON.parse(fs.readFileSync(path.join(root, lockHolderName), 'utf8'));
    if (typeof holder === 'object' && holder !== null && 'pid' in holder) {
      return `the process with pid ${holder.pid}`;
    }
  } catch {
    return 'another process';
  }
  return 'another process';
}

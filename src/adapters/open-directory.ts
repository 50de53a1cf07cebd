/** Directories, whose names are durable when they are synced. */
import fs from 'node:fs';

/** Answers of systems that cannot sync a directory: there, renames are durable by themselves. */
const cannotSyncDirectory = new Set(['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EBADF']);

/** Opens and syncs a directory; null where that cannot be done. */
export function openDirectory(directory: string): number | null {
  let fd: number | null = null;
  try {
    fd = fs.openSync(directory, 'r');
    fs.fsyncSync(fd);
    return fd;
  } catch (error) {
    if (fd !== null) fs.closeSync(fd);
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && cannotSyncDirectory.has(code)) return null;
    throw error;
  }
}

/** Snapshots between nodes and files: each is checked on its way, and never kept in memory. */
import { randomUUID } from 'node:crypto';
import { closeSync, createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { openDirectory } from '../adapters/open-directory.ts';
import { judge, openReply, type Reply } from '../client/reply.ts';
import { DsmError } from '../core/errors.ts';
import { FrameError } from '../core/frame.ts';
import { SnapshotCheck, type SnapshotSummary } from '../core/snapshot-check.ts';
import { headerNames } from '../http/headers.ts';

export interface SaveOptions {
  /** Nodes to ask, in order, until one has given all of it. */
  readonly urls: readonly string[];
  readonly secret: string | null;
  readonly consistency: string;
  /** A node that gives nothing for so long is left. */
  readonly timeoutMs: number;
}

const problemBytesMax = 64 * 1024;
/** Ids of sessions are in a snapshot, with which locks are released. */
const ownerOnly = 0o600;

/**
 * Writes a snapshot to `file`, which is replaced when the snapshot is whole and on the disk, and not
 * touched otherwise. Its owner alone may read it. Where several save to it at once, it is what the
 * last of them to end has saved. Rejects with the failure of the last node that was asked.
 */
export async function saveSnapshot(file: string, options: SaveOptions): Promise<SnapshotSummary> {
  let failure: unknown = new DsmError('no_master', 'there is no node to ask');
  for (const url of options.urls) {
    try {
      return await saveFrom(url, file, options);
    } catch (error) {
      // A disk that is full stays so, whichever node is asked.
      if (!(error instanceof DsmError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function saveFrom(url: string, file: string, options: SaveOptions): Promise<SnapshotSummary> {
  // A name of its own: two that save to one file at once must not write into each other's.
  const part = `${file}.${process.pid}-${randomUUID().slice(0, 8)}.part`;
  const target = await open(part, 'wx', ownerOnly);
  try {
    const check = new SnapshotCheck();
    for await (const chunk of askFor(url, options)) {
      check.push(chunk);
      await target.writeFile(chunk);
    }
    const summary = check.finish();
    await target.sync();
    await rename(part, file);
    syncNames(dirname(file));
    return summary;
  } catch (error) {
    await rm(part, { force: true });
    throw error instanceof FrameError ? cutOff(url, error) : error;
  } finally {
    await target.close();
  }
}

/** A loss of power undoes a rename before that. */
function syncNames(directory: string): void {
  const fd = openDirectory(directory);
  if (fd !== null) closeSync(fd);
}

function cutOff(url: string, error: FrameError): DsmError {
  const what =
    error.reason === 'torn' ? 'ended before it was whole' : `is damaged: ${error.message}`;
  return new DsmError('no_master', `The snapshot of ${url} ${what}; nothing was saved`);
}

async function* askFor(
  url: string,
  { secret, consistency, timeoutMs }: SaveOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const stop = new AbortController();
  const expectAnswer = () => setTimeout(() => stop.abort(), timeoutMs);
  let silent = expectAnswer();
  try {
    const reply = await request(`${url}/v1/admin/snapshot?consistency=${consistency}`, {
      signal: stop.signal,
      headers: secret === null ? {} : { [headerNames.secret]: secret },
    });
    const verdict = judge(reply);
    if (verdict.kind === 'failed') {
      const { code, detail } = verdict.problem;
      const advice = code === 'unauthorized' ? '; --cluster-secret-file names the file of it' : '';
      throw new DsmError(code, `${url}: ${detail}${advice}`);
    }
    for await (const chunk of reply.stream ?? []) {
      // While the reader is busy, with a slow disk as it may be, the node is not to blame.
      clearTimeout(silent);
      yield chunk;
      silent = expectAnswer();
    }
  } catch (error) {
    if (error instanceof DsmError) throw error;
    const reason = stop.signal.aborted ? `gave nothing for ${timeoutMs} ms` : reasonOf(error);
    throw new DsmError('no_master', `${url} ${reason}`);
  } finally {
    clearTimeout(silent);
    // Where the reader has had enough.
    stop.abort();
  }
}

async function request(url: string, init: RequestInit): Promise<Reply> {
  return openReply(url, await fetch(url, { ...init, redirect: 'manual' }), problemBytesMax);
}

/** What fetch says is in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return `broke off: ${cause instanceof Error ? cause.message : String(cause)}`;
}

export function chunksOfFile(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: 1024 * 1024 });
}

/** Reads a file to its end. Rejects with a FrameError where it is no whole snapshot. */
export async function checkSnapshot(file: string): Promise<SnapshotSummary> {
  const check = new SnapshotCheck();
  for await (const chunk of chunksOfFile(file)) check.push(chunk);
  return check.finish();
}

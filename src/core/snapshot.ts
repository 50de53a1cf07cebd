/**
 * A snapshot: the whole state at one lsn as frames (record.ts), so that it can be made and sent
 * piece by piece while records go on being applied. Header, sessions, locks, entries, remembered
 * requests, footer; the footer counts the frames before it and says the state hash, which whoever
 * reads it computes anew from the contents.
 */
import { writeList } from './command-fields.ts';
import { assert } from './errors.ts';
import { FrameWriter, formatVersion } from './frame.ts';
import type { DedupeWindow } from './limits.ts';
import { writeMembers } from './record.ts';
import { type Result, writeDetails, writeStatus } from './result.ts';
import type { Lock, Session } from './sessions.ts';
import {
  type SnapshotHeader,
  SnapshotReader,
  type SnapshotSink,
  type SnapshotTimes,
  snapshotTags,
} from './snapshot-reader.ts';
import {
  type Entry,
  type EntryContent,
  type FrozenStore,
  type Remembered,
  Store,
} from './store.ts';

export type { SnapshotHeader } from './snapshot-reader.ts';

const chunkBytes = 256 * 1024;

/** Chunks of whole frames, about 256 KiB each. */
export function* encodeSnapshot(
  header: SnapshotHeader,
  frozen: FrozenStore,
): Generator<Uint8Array, void, void> {
  assert(header.position.lsn === frozen.appliedLsn, 'a snapshot is of the applied lsn');
  let writer = new FrameWriter(new Uint8Array(chunkBytes + 4096));
  let count = 0;
  const frame = (tag: number, write: () => void) => {
    const start = writer.beginFrame();
    writer.u8(formatVersion);
    writer.u8(tag);
    write();
    writer.endFrame(start);
    count += 1;
  };
  frame(snapshotTags.header, () => writeHeader(writer, header, frozen));
  for (const [tag, write] of framesOf(frozen)) {
    frame(tag, () => write(writer));
    if (writer.length >= chunkBytes) {
      yield writer.take();
      writer = new FrameWriter(new Uint8Array(chunkBytes + 4096));
    }
  }
  frame(snapshotTags.footer, () => {
    writer.f64(count);
    writer.u32(frozen.hash);
  });
  yield writer.take();
}

/** All that stands between header and footer. */
function* framesOf({
  entries,
  requests,
  sessions: { sessions, locks },
}: FrozenStore): Generator<[tag: number, write: (writer: FrameWriter) => void], void, void> {
  for (const [id, session] of sessions) {
    yield [snapshotTags.session, (writer) => writeSession(writer, id, session)];
  }
  for (const [name, lock] of locks) {
    yield [snapshotTags.lock, (writer) => writeLock(writer, name, lock)];
  }
  for (const [key, entry] of entries) {
    const tag = entry.session === 0 ? snapshotTags.entry : snapshotTags.attachedEntry;
    yield [tag, (writer) => writeEntry(writer, key, entry)];
  }
  for (const [id, request] of requests) {
    const tag = hasDetails(request.result) ? snapshotTags.txnRequest : snapshotTags.request;
    yield [tag, (writer) => writeRemembered(writer, id, request)];
  }
}

function writeSession(writer: FrameWriter, id: number, session: Session): void {
  writer.f64(id);
  writer.f64(session.ttlMs);
  writer.f64(session.expiresAtMs);
  writer.f64(session.ttlLsn);
  writer.text(session.madeFor);
}

function writeLock(writer: FrameWriter, name: string, { token, queue }: Lock): void {
  writer.text(name);
  writer.f64(token);
  writeList(writer, queue, (to, id) => to.f64(id));
}

function writeHeader(writer: FrameWriter, header: SnapshotHeader, frozen: FrozenStore): void {
  writer.text(header.clusterId);
  writer.f64(header.position.lsn);
  writer.f64(header.position.epoch);
  writeMembers(writer, header.members);
  writer.f64(frozen.logTimeMs);
  writer.f64(frozen.forgottenLsn);
}

function writeEntry(writer: FrameWriter, key: string, entry: Entry): void {
  if (entry.session !== 0) writer.f64(entry.session);
  writer.text(key);
  writer.text(entry.contentType);
  writer.f64(entry.revision);
  writer.f64(entry.expiresAtMs);
  writer.f64(entry.ttlLsn);
  writer.bytes(entry.value);
}

function writeRemembered(writer: FrameWriter, id: string, request: Remembered): void {
  writer.text(id);
  writer.f64(request.lsn);
  writer.u32(request.payloadHash);
  writeStatus(writer, request.result);
  if (hasDetails(request.result)) writeDetails(writer, request.result);
}

function hasDetails({ results, failedAt }: Result): boolean {
  return results !== undefined || failedAt !== undefined;
}

/** Puts a store together from the bytes of a snapshot as they arrive, a little with each chunk. */
export class SnapshotDecoder implements SnapshotSink {
  readonly #reader = new SnapshotReader(this);
  readonly #store: Store;
  #header: SnapshotHeader | null = null;

  constructor(window?: DedupeWindow) {
    this.#store = new Store(window);
  }

  /** Takes the next bytes. Throws a FrameError where they are damaged. */
  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  onHeader(header: SnapshotHeader, times: SnapshotTimes): void {
    this.#header = header;
    this.#store.restorePlace({ appliedLsn: header.position.lsn, ...times });
  }

  onSession(id: number, session: Session): void {
    this.#store.restoreSession(id, session);
  }

  onLock(name: string, lock: Lock): void {
    this.#store.restoreLock(name, lock);
  }

  onEntry(key: string, content: EntryContent): void {
    this.#store.restoreEntry(key, content);
  }

  onRequest(id: string, request: Remembered): void {
    this.#store.restoreRequest(id, request);
  }

  /**
   * The header and the store. Throws a FrameError: `torn` where the end is missing, `damaged` where
   * every frame is whole and the state is not the one that was written.
   */
  finish(): { header: SnapshotHeader; store: Store } {
    const hash = this.#reader.finish();
    const header = this.#header;
    assert(header !== null, 'a snapshot that has an end has a header');
    if (this.#store.hash !== hash) throw this.#reader.notWhatItNames();
    return { header, store: this.#store };
  }
}

/**
 * A snapshot: the whole state at one lsn as frames (record.ts), so that it can be made and sent
 * piece by piece while records go on being applied. Header, entries, remembered requests, footer;
 * the footer counts the frames before it and repeats the state hash.
 */
import { readList, writeList } from './command-fields.ts';
import { assert } from './errors.ts';
import { FrameError, FrameReader, FrameWriter, formatVersion, frameAt } from './frame.ts';
import { KeyIndex } from './key-index.ts';
import type { DedupeWindow } from './limits.ts';
import type { Position } from './messages.ts';
import { type Member, readMembers, writeMembers } from './record.ts';
import { type Result, readDetails, readStatus, writeDetails, writeStatus } from './result.ts';
import type { Lock, Session } from './sessions.ts';
import { type Entry, type FrozenStore, type Remembered, Store } from './store.ts';

export interface SnapshotHeader {
  readonly clusterId: string;
  /** The last record that the snapshot stands for. */
  readonly position: Position;
  /** The voters at `position`. */
  readonly members: readonly Member[];
}

const tags = {
  header: 1,
  entry: 2,
  request: 3,
  footer: 4,
  txnRequest: 5,
  attachedEntry: 6,
  session: 7,
  lock: 8,
} as const;
const chunkBytes = 256 * 1024;

/** Chunks of whole frames, about 256 KiB each. */
export function* encodeSnapshot(
  header: SnapshotHeader,
  frozen: FrozenStore,
): Generator<Uint8Array, void, void> {
  assert(header.position.lsn === frozen.appliedLsn, 'a snapshot is of the applied lsn');
  let writer = new FrameWriter(chunkBytes + 4096);
  let count = 0;
  const frame = (tag: number, write: () => void) => {
    const start = writer.beginFrame();
    writer.u8(formatVersion);
    writer.u8(tag);
    write();
    writer.endFrame(start);
    count += 1;
  };
  frame(tags.header, () => writeHeader(writer, header, frozen));
  for (const [tag, write] of framesOf(frozen)) {
    frame(tag, () => write(writer));
    if (writer.length >= chunkBytes) {
      yield writer.take();
      writer = new FrameWriter(chunkBytes + 4096);
    }
  }
  frame(tags.footer, () => {
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
  for (const [key, entry] of entries) {
    const tag = entry.session === 0 ? tags.entry : tags.attachedEntry;
    yield [tag, (writer) => writeEntry(writer, key, entry)];
  }
  for (const [id, request] of requests) {
    const tag = hasDetails(request.result) ? tags.txnRequest : tags.request;
    yield [tag, (writer) => writeRemembered(writer, id, request)];
  }
  for (const [id, session] of sessions) {
    yield [tags.session, (writer) => writeSession(writer, id, session)];
  }
  for (const [name, lock] of locks) yield [tags.lock, (writer) => writeLock(writer, name, lock)];
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
  writer.u32(entry.hash);
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

/** Puts a snapshot together from its bytes as they arrive. */
export class SnapshotDecoder {
  #rest: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #count = 0;
  #header: SnapshotHeader | null = null;
  #logTimeMs = 0;
  #forgottenLsn = 0;
  #hash: number | null = null;
  readonly #entries = new Map<string, Entry>();
  readonly #requests = new Map<string, Remembered>();
  readonly #sessions = new Map<number, Session>();
  readonly #locks = new Map<string, Lock>();
  /** Grows with the entries: sorting all of them at the end would be a pause. */
  readonly #index = new KeyIndex();

  /** Takes the next bytes. Throws a FrameError where they are damaged. */
  push(chunk: Uint8Array): void {
    const pending = this.#rest;
    const bytes = pending.length === 0 ? chunk : new Uint8Array(pending.length + chunk.length);
    if (pending.length > 0) {
      bytes.set(pending);
      bytes.set(chunk, pending.length);
    }
    let offset = 0;
    try {
      while (offset < bytes.length) {
        const { bodyStart, end } = frameAt(bytes, offset);
        this.#frame(new FrameReader(bytes, bodyStart, end));
        offset = end;
      }
    } catch (error) {
      if (!(error instanceof FrameError) || error.reason !== 'torn') throw error;
    }
    this.#offset += offset;
    this.#rest = bytes.slice(offset);
  }

  #frame(reader: FrameReader): void {
    const version = reader.u8();
    if (version !== formatVersion) {
      throw new FrameError('version', this.#offset, `snapshot format ${version} is not known`);
    }
    const tag = reader.u8();
    const isFirst = this.#header === null;
    if (isFirst !== (tag === tags.header) || this.#hash !== null) {
      throw new FrameError('damaged', this.#offset, 'snapshot frames are out of order');
    }
    if (tag === tags.header) this.#readHeader(reader);
    else if (tag === tags.entry) this.#readEntry(reader, 0);
    else if (tag === tags.attachedEntry) this.#readEntry(reader, reader.f64());
    else if (tag === tags.session) this.#readSession(reader);
    else if (tag === tags.lock) this.#readLock(reader);
    else if (tag === tags.request) this.#readRemembered(reader, false);
    else if (tag === tags.txnRequest) this.#readRemembered(reader, true);
    else if (tag === tags.footer) this.#readFooter(reader);
    else throw new FrameError('version', this.#offset, `snapshot frame ${tag} is not known`);
    this.#count += 1;
  }

  #readHeader(reader: FrameReader): void {
    const clusterId = reader.text();
    const position = { lsn: reader.f64(), epoch: reader.f64() };
    this.#header = { clusterId, position, members: readMembers(reader) };
    this.#logTimeMs = reader.f64();
    this.#forgottenLsn = reader.f64();
  }

  #readEntry(reader: FrameReader, session: number): void {
    const key = reader.text();
    const contentType = reader.text();
    const revision = reader.f64();
    const expiresAtMs = reader.f64();
    const ttlLsn = reader.f64();
    const hash = reader.u32();
    const value = reader.bytes(reader.end - reader.offset).slice();
    if (!this.#entries.has(key)) this.#index.add(key);
    this.#entries.set(key, { value, contentType, revision, expiresAtMs, ttlLsn, session, hash });
  }

  #readRemembered(reader: FrameReader, hasDetails: boolean): void {
    const id = reader.text();
    const lsn = reader.f64();
    const payloadHash = reader.u32();
    const plain = readStatus(reader);
    const result = hasDetails ? readDetails(reader, plain) : plain;
    this.#requests.set(id, { lsn, payloadHash, result });
  }

  #readSession(reader: FrameReader): void {
    const [id, ttlMs] = [reader.f64(), reader.f64()];
    const [expiresAtMs, ttlLsn] = [reader.f64(), reader.f64()];
    this.#sessions.set(id, { ttlMs, expiresAtMs, ttlLsn, madeFor: reader.text() });
  }

  #readLock(reader: FrameReader): void {
    const [name, token] = [reader.text(), reader.f64()];
    this.#locks.set(name, { token, queue: readList(reader, (from) => from.f64()) });
  }

  #readFooter(reader: FrameReader): void {
    const count = reader.f64();
    if (count !== this.#count) {
      throw new FrameError('damaged', this.#offset, `a snapshot of ${count} frames has others`);
    }
    this.#hash = reader.u32();
  }

  /** The header and the store. Throws a FrameError (`torn`) where the end is missing. */
  finish(window?: DedupeWindow): { header: SnapshotHeader; store: Store } {
    const header = this.#header;
    const hash = this.#hash;
    if (header === null || hash === null || this.#rest.length > 0) {
      throw new FrameError('torn', this.#offset, 'a snapshot is cut off');
    }
    const store = Store.thaw(
      {
        appliedLsn: header.position.lsn,
        logTimeMs: this.#logTimeMs,
        forgottenLsn: this.#forgottenLsn,
        hash,
        entries: this.#entries,
        requests: this.#requests,
        sessions: { sessions: this.#sessions, locks: this.#locks },
      },
      window,
      this.#index,
    );
    return { header, store };
  }
}

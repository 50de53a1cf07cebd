/**
 * Reads a snapshot from its bytes as they arrive and gives its parts to whoever takes them: a store
 * that is put together (snapshot.ts), or a check that keeps nothing (snapshot-check.ts).
 */
import { readList } from './command-fields.ts';
import { FrameError, FrameReader, formatVersion, frameAt, frameHeaderBytes } from './frame.ts';
import type { Position } from './messages.ts';
import { type Member, readMembers } from './record.ts';
import { readDetails, readStatus } from './result.ts';
import type { Lock, Session } from './sessions.ts';
import type { EntryContent, Remembered } from './store.ts';

export interface SnapshotHeader {
  readonly clusterId: string;
  /** The last record that the snapshot stands for. */
  readonly position: Position;
  /** The voters at `position`. */
  readonly members: readonly Member[];
}

/** What a header says beside it. */
export interface SnapshotTimes {
  readonly logTimeMs: number;
  readonly forgottenLsn: number;
}

export const snapshotTags = {
  header: 1,
  entry: 2,
  request: 3,
  footer: 4,
  txnRequest: 5,
  attachedEntry: 6,
  session: 7,
  lock: 8,
} as const;

/** Takes the parts of a snapshot in their order: the header first. */
export interface SnapshotSink {
  onHeader(header: SnapshotHeader, times: SnapshotTimes): void;
  onSession(id: number, session: Session): void;
  onLock(name: string, lock: Lock): void;
  onEntry(key: string, content: EntryContent): void;
  onRequest(id: string, request: Remembered): void;
}

/** Cluster, place and voters: no header is longer. What is no snapshot at all is seen by that. */
const headerBytesMax = 1024 * 1024;

export class SnapshotReader {
  readonly #sink: SnapshotSink;
  /** What has arrived of a frame that is not whole, and how much of it is needed to go on. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #neededBytes = 0;
  /** Where the first of them stands in the snapshot. */
  #offset = 0;
  #count = 0;
  #hasHeader = false;
  #hash: number | null = null;

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes. Throws a FrameError where they are damaged. */
  push(chunk: Uint8Array): void {
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    if (this.#partBytes < this.#neededBytes) return;
    const bytes = this.#parts.length === 1 ? chunk : joinBytes(this.#parts, this.#partBytes);
    const length = this.#readFrames(bytes);
    this.#offset += length;
    const rest = bytes.slice(length);
    this.#parts = [rest];
    this.#partBytes = rest.length;
    this.#neededBytes = this.#frameBytes(rest);
  }

  /** Reads the frames that are whole; returns where the rest begins. */
  #readFrames(bytes: Uint8Array): number {
    let offset = 0;
    try {
      while (offset < bytes.length) {
        const { bodyStart, end } = frameAt(bytes, offset);
        this.#frame(new FrameReader(bytes, bodyStart, end));
        offset = end;
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      const { reason, detail } = error;
      if (reason !== 'torn') throw new FrameError(reason, this.#offset + offset, detail);
    }
    return offset;
  }

  /** Length of the frame at the beginning of `rest`, as far as it says so already. */
  #frameBytes(rest: Uint8Array): number {
    if (rest.length < frameHeaderBytes) return 0;
    const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0, true);
    if (!this.#hasHeader && length > headerBytesMax) {
      throw new FrameError('damaged', this.#offset, 'it does not begin as a snapshot does');
    }
    return frameHeaderBytes + length;
  }

  #frame(reader: FrameReader): void {
    const version = reader.u8();
    if (version !== formatVersion) {
      throw new FrameError('version', this.#offset, `snapshot format ${version} is not known`);
    }
    const tag = reader.u8();
    const isFirst = !this.#hasHeader;
    if (isFirst !== (tag === snapshotTags.header) || this.#hash !== null) {
      throw new FrameError('damaged', this.#offset, 'snapshot frames are out of order');
    }
    if (tag === snapshotTags.header) this.#readHeader(reader);
    else if (tag === snapshotTags.entry) this.#readEntry(reader, 0);
    else if (tag === snapshotTags.attachedEntry) this.#readEntry(reader, reader.f64());
    else if (tag === snapshotTags.session) this.#readSession(reader);
    else if (tag === snapshotTags.lock) this.#readLock(reader);
    else if (tag === snapshotTags.request) this.#readRemembered(reader, false);
    else if (tag === snapshotTags.txnRequest) this.#readRemembered(reader, true);
    else if (tag === snapshotTags.footer) this.#readFooter(reader);
    else throw new FrameError('version', this.#offset, `snapshot frame ${tag} is not known`);
    this.#count += 1;
  }

  #readHeader(reader: FrameReader): void {
    const clusterId = reader.text();
    const position = { lsn: reader.f64(), epoch: reader.f64() };
    const header = { clusterId, position, members: readMembers(reader) };
    this.#hasHeader = true;
    this.#sink.onHeader(header, { logTimeMs: reader.f64(), forgottenLsn: reader.f64() });
  }

  #readEntry(reader: FrameReader, session: number): void {
    const key = reader.text();
    const contentType = reader.commonText();
    const revision = reader.f64();
    const expiresAtMs = reader.f64();
    const ttlLsn = reader.f64();
    const value = reader.bytes(reader.end - reader.offset).slice();
    const content = { value, contentType, revision, expiresAtMs, ttlLsn, session };
    this.#sink.onEntry(key, content);
  }

  #readRemembered(reader: FrameReader, hasDetails: boolean): void {
    const id = reader.text();
    const lsn = reader.f64();
    const payloadHash = reader.u32();
    const plain = readStatus(reader);
    const result = hasDetails ? readDetails(reader, plain) : plain;
    this.#sink.onRequest(id, { lsn, payloadHash, result });
  }

  #readSession(reader: FrameReader): void {
    const [id, ttlMs] = [reader.f64(), reader.f64()];
    const [expiresAtMs, ttlLsn] = [reader.f64(), reader.f64()];
    this.#sink.onSession(id, { ttlMs, expiresAtMs, ttlLsn, madeFor: reader.text() });
  }

  #readLock(reader: FrameReader): void {
    const [name, token] = [reader.text(), reader.f64()];
    this.#sink.onLock(name, { token, queue: readList(reader, (from) => from.f64()) });
  }

  #readFooter(reader: FrameReader): void {
    const count = reader.f64();
    if (count !== this.#count) {
      throw new FrameError('damaged', this.#offset, `a snapshot of ${count} frames has others`);
    }
    this.#hash = reader.u32();
  }

  /** The state hash that the snapshot names. Throws a FrameError (`torn`) where the end is missing. */
  finish(): number {
    if (this.#hash === null || this.#partBytes > 0) {
      throw new FrameError('torn', this.#offset, 'a snapshot is cut off');
    }
    return this.#hash;
  }

  /** The frames were whole; they were written or read wrongly, or the state was not what it should be. */
  notWhatItNames(): FrameError {
    const text = 'a snapshot is not of the state that it names';
    return new FrameError('damaged', this.#offset, text);
  }
}

function joinBytes(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

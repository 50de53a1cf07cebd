/**
 * One snapshot in one file: a start frame, the chunks as they came, an end frame that counts them.
 * The chunks mean nothing here. Every chunk has a checksum, and the end frame has one over all of
 * these, so that a chunk that is damaged, missing, doubled or out of order is noticed.
 *
 * A snapshot gets its name only when it is written and synced, so a bad one was damaged, not torn.
 */
import { crc32 } from 'node:zlib';
import { FrameError, formatVersion, frameHeaderBytes } from '../core/frame.ts';
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';
import {
  decodeSnapshotStart,
  encodeFrame,
  encodeSnapshotStart,
  frameKinds,
  framePrefixBytes,
  openFrame,
  type Place,
} from './log-frames.ts';
import { snapshotName } from './log-names.ts';
import { asError, inOrder, replaceFileWith } from './log-steps.ts';

/** Checksummed and written at one time: what may hold up the event loop. */
const pieceBytesMax = 1024 * 1024;

interface Tally {
  count: number;
  bytes: number;
  /** CRC of the chunks' CRCs, in order. */
  chain: number;
}

const emptyTally = (): Tally => ({ count: 0, bytes: 0, chain: 0 });

function tallyChunk(tally: Tally, chunkBytes: number, crc: Uint8Array): void {
  tally.count += 1;
  tally.bytes += chunkBytes;
  tally.chain = crc32(crc, tally.chain);
}

/** The frame of a chunk but for the chunk itself, which is written as it is, not copied. */
function encodeChunkHead(chunk: Uint8Array, tally: Tally): Uint8Array {
  const head = new Uint8Array(frameHeaderBytes + framePrefixBytes);
  const view = new DataView(head.buffer);
  const bodyBytes = framePrefixBytes + chunk.length;
  view.setUint32(0, bodyBytes, true);
  view.setUint8(frameHeaderBytes, formatVersion);
  view.setUint8(frameHeaderBytes + 1, frameKinds.chunk);
  view.setUint32(4, crc32(chunk, crc32(head.subarray(frameHeaderBytes), bodyBytes)), true);
  tallyChunk(tally, chunk.length, head.subarray(4, 8));
  return head;
}

function encodeEnd(tally: Tally): Uint8Array {
  return encodeFrame('end', (writer) => {
    writer.f64(tally.count);
    writer.f64(tally.bytes);
    writer.u32(tally.chain);
  });
}

/** `chunks` in pieces small enough for one turn of the event loop. */
function* piecesOf(chunks: Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += pieceBytesMax) {
      yield chunk.subarray(start, start + pieceBytesMax);
    }
  }
}

/** Appends one piece a turn: the disk's own answer is the turn of the event loop between them. */
function writeChunks(
  file: DiskFile,
  pieces: Generator<Uint8Array, void, void>,
  done: DiskDone,
): void {
  const tally = emptyTally();
  const writeNext = (error?: Error) => {
    if (error !== undefined) {
      pieces.return();
      done(error);
      return;
    }
    let next: IteratorResult<Uint8Array, void>;
    try {
      next = pieces.next();
    } catch (reason) {
      done(asError(reason));
      return;
    }
    if (next.done) file.write(file.sizeBytes, [encodeEnd(tally)], done);
    else file.write(file.sizeBytes, [encodeChunkHead(next.value, tally), next.value], writeNext);
  };
  writeNext();
}

/** Writes a snapshot; it has its name, durably, when `done` is called without an error. */
export function writeSnapshot(
  disk: Disk,
  place: Place,
  chunks: Iterable<Uint8Array>,
  done: DiskDone,
): void {
  const write = (file: DiskFile, written: DiskDone) =>
    inOrder(
      [
        (next) => file.write(0, [encodeSnapshotStart(place)], next),
        (next) => writeChunks(file, piecesOf(chunks), next),
      ],
      written,
    );
  replaceFileWith(disk, snapshotName(place.lsn, place.series), write, done);
}

/** The chunks' concatenation. Throws a FrameError where anything is wrong with the file. */
export function decodeSnapshot(bytes: Uint8Array, expected: Place): Uint8Array {
  const { place, end: chunksStart } = decodeSnapshotStart(bytes);
  if (place.lsn !== expected.lsn || place.series !== expected.series) {
    throw new FrameError('damaged', 0, 'the snapshot of another place');
  }
  const tally = emptyTally();
  const chunks: Uint8Array[] = [];
  let offset = chunksStart;
  while (bytes[offset + frameHeaderBytes + 1] === frameKinds.chunk) {
    const reader = openFrame(bytes, offset, 'chunk');
    const chunk = reader.bytes(reader.end - reader.offset);
    tallyChunk(tally, chunk.length, bytes.subarray(offset + 4, offset + 8));
    chunks.push(chunk);
    offset = reader.end;
  }
  const reader = openFrame(bytes, offset, 'end');
  const isWhole =
    reader.f64() === tally.count &&
    reader.f64() === tally.bytes &&
    reader.u32() === tally.chain &&
    reader.end === bytes.length;
  if (!isWhole) throw new FrameError('damaged', offset, 'the end does not fit the chunks');
  const joined = new Uint8Array(tally.bytes);
  let joinedBytes = 0;
  for (const chunk of chunks) {
    joined.set(chunk, joinedBytes);
    joinedBytes += chunk.length;
  }
  return joined;
}

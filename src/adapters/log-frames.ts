/**
 * The frames that the data directory holds beside records. They are framed like records (record.ts)
 * and have kinds that no record has:
 *
 *     body = u8 version · u8 kind · u16 0 · payload
 */
import {
  FrameError,
  FrameReader,
  FrameWriter,
  formatVersion,
  frameAt,
  frameHeaderBytes,
} from '../core/frame.ts';
import type { Meta } from '../ports/storage.ts';

export const frameKinds = {
  segment: 128,
  mark: 129,
  meta: 130,
  watermark: 131,
  snapshot: 132,
  chunk: 133,
  end: 134,
} as const;

export type FrameKind = keyof typeof frameKinds;

export const framePrefixBytes = 4;
const markBodyBytes = framePrefixBytes + 16;
const markFrameBytes = frameHeaderBytes + markBodyBytes;

export function encodeFrame(
  kind: FrameKind,
  writePayload: (writer: FrameWriter) => void,
): Uint8Array {
  const writer = new FrameWriter(new Uint8Array(64));
  const start = writer.beginFrame();
  writer.u8(formatVersion);
  writer.u8(frameKinds[kind]);
  writer.u16(0);
  writePayload(writer);
  writer.endFrame(start);
  return writer.take();
}

/** The payload of the frame at `offset`. Throws a FrameError where it is none of this kind. */
export function openFrame(bytes: Uint8Array, offset: number, kind: FrameKind): FrameReader {
  const { bodyStart, end } = frameAt(bytes, offset);
  const reader = new FrameReader(bytes, bodyStart, end);
  const version = reader.u8();
  if (version !== formatVersion) {
    throw new FrameError('version', offset, `file format ${version} is not known`);
  }
  if (reader.u8() !== frameKinds[kind]) {
    throw new FrameError('damaged', offset, `no ${kind} frame`);
  }
  reader.u16();
  return reader;
}

/** A place in the data directory: an lsn of one series (log-names.ts). */
export interface Place {
  readonly lsn: number;
  readonly series: number;
}

function encodePlace(kind: FrameKind, place: Place): Uint8Array {
  return encodeFrame(kind, (writer) => {
    writer.f64(place.lsn);
    writer.f64(place.series);
  });
}

function decodePlace(bytes: Uint8Array, kind: FrameKind): { place: Place; end: number } {
  const reader = openFrame(bytes, 0, kind);
  return { place: { lsn: reader.f64(), series: reader.f64() }, end: reader.end };
}

/** The first frame of a segment. Says, too, that every record before `lsn` was synced. */
export const encodeSegmentStart = (first: Place) => encodePlace('segment', first);
export const decodeSegmentStart = (bytes: Uint8Array) => decodePlace(bytes, 'segment');
export const encodeSnapshotStart = (place: Place) => encodePlace('snapshot', place);
export const decodeSnapshotStart = (bytes: Uint8Array) => decodePlace(bytes, 'snapshot');
export const encodeWatermark = (synced: Place) => encodePlace('watermark', synced);
export const decodeWatermark = (bytes: Uint8Array) => decodePlace(bytes, 'watermark').place;

/**
 * Opens every write to a segment. A write starts only when the one before it is synced, so a mark
 * proves that all records up to `syncedLsn` were: a bad one among them is damage, while after a
 * power cut the sectors of the last write may be kept or lost in any mixture. `offset` is where the
 * mark stands, lest a log that somebody stored as a value be taken for marks.
 */
export function encodeMark(offset: number, syncedLsn: number): Uint8Array {
  return encodeFrame('mark', (writer) => {
    writer.f64(offset);
    writer.f64(syncedLsn);
  });
}

/** Whether the frame at `offset` may be a mark; its CRC is not checked. */
export function looksLikeMark(bytes: Uint8Array, offset: number): boolean {
  return (
    bytes[offset] === markBodyBytes &&
    bytes[offset + frameHeaderBytes + 1] === frameKinds.mark &&
    offset + markFrameBytes <= bytes.length
  );
}

/** Throws a FrameError where no mark stands at `offset`. */
export function decodeMark(bytes: Uint8Array, offset: number): { syncedLsn: number; end: number } {
  const reader = openFrame(bytes, offset, 'mark');
  if (reader.f64() !== offset) throw new FrameError('damaged', offset, 'a mark of another place');
  return { syncedLsn: reader.f64(), end: reader.end };
}

export function encodeMeta(meta: Meta): Uint8Array {
  return encodeFrame('meta', (writer) => {
    writer.text(meta.nodeId);
    writer.text(meta.clusterId);
    writer.f64(meta.promised);
    writer.text(meta.promisedTo);
    writer.f64(meta.leaseGrantedMs);
  });
}

/** Throws a FrameError. */
export function decodeMeta(bytes: Uint8Array): Meta {
  const reader = openFrame(bytes, 0, 'meta');
  if (reader.end !== bytes.length) {
    throw new FrameError('damaged', reader.end, 'bytes that do not belong there');
  }
  return {
    nodeId: reader.text(),
    clusterId: reader.text(),
    promised: reader.f64(),
    promisedTo: reader.text(),
    leaseGrantedMs: reader.f64(),
  };
}

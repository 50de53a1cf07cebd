/** What several kinds of commands have in common, and how it is written into their records. */
import { FrameError, type FrameReader, type FrameWriter } from './frame.ts';

/** What must be true of the key when the command is applied; a number is its exact revision. */
export type Condition = 'none' | 'absent' | 'present' | number;

/** Makes a mutation exactly-once (DESIGN.md §5 rule 14). */
export interface RequestTag {
  readonly id: string;
  /** CRC of what the client asked for: the same id with another payload is refused. */
  readonly payloadHash: number;
  /** The revision the client had seen when it made the id; 0 where it did not say. */
  readonly keyRevision: number;
}

export function writeCondition(writer: FrameWriter, condition: Condition): void {
  if (typeof condition === 'number') {
    writer.u8(3);
    writer.f64(condition);
  } else {
    writer.u8(condition === 'none' ? 0 : condition === 'absent' ? 1 : 2);
  }
}

const conditions = ['none', 'absent', 'present'] as const;

export function readCondition(reader: FrameReader): Condition {
  const tag = reader.u8();
  if (tag === 3) return reader.f64();
  const condition = conditions[tag];
  if (condition === undefined)
    throw new FrameError('damaged', reader.offset, 'an unknown condition');
  return condition;
}

export function writeRequest(writer: FrameWriter, request: RequestTag | null): void {
  writer.text(request?.id ?? '');
  if (request === null) return;
  writer.u32(request.payloadHash);
  writer.f64(request.keyRevision);
}

export function readRequest(reader: FrameReader): RequestTag | null {
  const id = reader.text();
  if (id === '') return null;
  return { id, payloadHash: reader.u32(), keyRevision: reader.f64() };
}

/** Bytes behind their length. */
export function writeBytes(writer: FrameWriter, bytes: Uint8Array): void {
  writer.u32(bytes.length);
  writer.bytes(bytes);
}

/** A view. */
export function readBytes(reader: FrameReader): Uint8Array {
  return reader.bytes(reader.u32());
}

/** A list behind its length: at most 65 535 items. */
export function writeList<T>(
  writer: FrameWriter,
  items: readonly T[],
  write: (writer: FrameWriter, item: T) => void,
): void {
  writer.u16(items.length);
  for (const item of items) write(writer, item);
}

export function readList<T>(reader: FrameReader, read: (reader: FrameReader) => T): T[] {
  return Array.from({ length: reader.u16() }, () => read(reader));
}

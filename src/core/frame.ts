/**
 * Frames: how bytes are told apart on the disk and on the wire, and how values are written into
 * them. A frame holds a record (record.ts), a piece of a snapshot, or a page of the log file.
 *
 *     u32 bodyBytes · u32 crc · body            (little endian)
 *
 * The CRC (CRC-32 of zlib) covers the body and is seeded with its length, so that a damaged length
 * is found as surely as a damaged byte.
 */
import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { textBytesMax } from './limits.ts';
import { RecentTexts } from './recent-texts.ts';

/**
 * Of frames, files and messages, from the first day; also where a record means something else than
 * before. 2: the window of idempotency keys counts small results with their keys, a delete of a
 * range removes ended keys, and snapshots are proved by their contents.
 */
export const formatVersion = 2;
export const frameHeaderBytes = 8;

/** Not a frame: damaged, torn, or of a later version of dsm. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly reason: 'torn' | 'damaged' | 'version';
  /** Where the bad frame begins. */
  readonly offset: number;
  readonly detail: string;
  constructor(reason: 'torn' | 'damaged' | 'version', offset: number, detail: string) {
    super(`${detail} at byte ${offset}`);
    this.detail = detail;
    this.reason = reason;
    this.offset = offset;
  }
}

/** Texts up to this length are read and written without a TextDecoder or TextEncoder. */
const shortTextBytesMax = 64;

const encoder = new TextEncoder();
// A byte order mark is a part of a key like any other character.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const recentTexts = new RecentTexts();

/** Appends values to one growing buffer. Not for frames above 2^31 bytes. */
export class FrameWriter {
  #bytes: Uint8Array;
  #view: DataView;
  length = 0;

  /** Writes into `room` as long as it is enough. */
  constructor(room: Uint8Array) {
    this.#bytes = room;
    this.#view = viewOf(room);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }
  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.length, value, true);
    this.length += 2;
  }
  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }
  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }
  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.length);
    this.length += value.length;
  }
  /** UTF-8 behind a u16 length. Throws a RangeError above 65 535 bytes. */
  text(value: string): void {
    this.#reserve(2 + value.length * 3);
    if (value.length <= shortTextBytesMax && this.#shortAscii(value)) return;
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(this.length + 2));
    if (written > textBytesMax) throw new RangeError(`text of ${written} bytes in a record`);
    this.#view.setUint16(this.length, written, true);
    this.length += 2 + written;
  }
  /** False, and nothing written, where the text is not ASCII. */
  #shortAscii(value: string): boolean {
    const start = this.length + 2;
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#bytes[start + i] = code;
    }
    this.#view.setUint16(this.length, value.length, true);
    this.length = start + value.length;
    return true;
  }
  /** Begins a frame; returns where it begins. */
  beginFrame(): number {
    const start = this.length;
    this.#reserve(frameHeaderBytes);
    this.length += frameHeaderBytes;
    return start;
  }
  /** Fills in the length and the CRC of the frame that began at `start`. */
  endFrame(start: number): void {
    const bodyStart = start + frameHeaderBytes;
    const bodyBytes = this.length - bodyStart;
    this.#view.setUint32(start, bodyBytes, true);
    this.#view.setUint32(
      start + 4,
      crc32(this.#bytes.subarray(bodyStart, this.length), bodyBytes),
      true,
    );
  }
  /** What was written since `start`, as a view of the buffer: valid if nothing is written after. */
  take(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.length);
  }
}

/** Reads what a `FrameWriter` wrote. Throws a FrameError (`damaged`) when it runs over the end. */
export class FrameReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Made where the first text is read. */
  #buffer: Buffer | null = null;
  /** Nothing is read at or behind it. */
  end: number;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.offset = offset;
    this.end = end;
  }
  /**
   * Enters the frame at `offset`, its CRC checked: `end` is its end now. Throws a FrameError: `torn`
   * where the bytes end before the frame does (a damaged length looks the same), `damaged` where
   * the CRC is wrong.
   */
  enterFrame(offset: number): void {
    const bytes = this.#bytes;
    const bodyStart = offset + frameHeaderBytes;
    if (bodyStart > bytes.length) throw new FrameError('torn', offset, 'a frame header is cut off');
    const bodyBytes = this.#view.getUint32(offset, true);
    const end = bodyStart + bodyBytes;
    if (end > bytes.length) throw new FrameError('torn', offset, 'a frame is cut off');
    if (
      crc32(bytes.subarray(bodyStart, end), bodyBytes) !== this.#view.getUint32(offset + 4, true)
    ) {
      throw new FrameError('damaged', offset, 'a frame has a wrong checksum');
    }
    this.offset = bodyStart;
    this.end = end;
  }
  #advance(count: number): number {
    const at = this.offset;
    if (at + count > this.end) throw new FrameError('damaged', at, 'a record ends too early');
    this.offset = at + count;
    return at;
  }
  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }
  /** A view, not a copy. */
  bytes(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.#bytes.subarray(at, at + count);
  }
  text(): string {
    const length = this.u16();
    return this.#textAt(this.#advance(length), length);
  }
  /** The same, for one that many records have in common, as a content type is: made once. */
  commonText(): string {
    const length = this.u16();
    const at = this.#advance(length);
    const known = recentTexts.find(this.#bytes, at, length);
    if (known !== null) return known;
    const text = this.#textAt(at, length);
    recentTexts.note(this.#bytes, at, length, text);
    return text;
  }
  #textAt(at: number, length: number): string {
    if (!this.#isShortAscii(at, length)) return this.#utf8(at, length);
    this.#buffer ??= bufferOf(this.#bytes);
    return this.#buffer.toString('latin1', at, at + length);
  }
  /** Most texts are; a TextDecoder costs more than such a text. */
  #isShortAscii(at: number, length: number): boolean {
    if (length > shortTextBytesMax) return false;
    for (let i = at; i < at + length; i += 1) {
      if ((this.#bytes[i] ?? 0) > 0x7f) return false;
    }
    return true;
  }
  #utf8(at: number, length: number): string {
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw new FrameError('damaged', at, 'a text is not UTF-8');
    }
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** The same bytes, with what Buffer can do. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** The bounds of the frame at `offset`, its CRC checked. Throws a FrameError as `enterFrame`. */
export function frameAt(bytes: Uint8Array, offset: number): { bodyStart: number; end: number } {
  const reader = new FrameReader(bytes);
  reader.enterFrame(offset);
  return { bodyStart: reader.offset, end: reader.end };
}

/** The CRC that the frame at `offset` carries; not checked. */
export function frameCrc(bytes: Uint8Array, offset: number): number {
  const at = offset + 4;
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (low | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

interface Run {
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
}

/** Collects stretches of bytes, and copies only those that do not lie side by side already. */
export class FrameRuns {
  readonly #runs: Run[] = [];
  length = 0;

  add(bytes: Uint8Array, start: number, end: number): void {
    const last = this.#runs.at(-1);
    if (last?.bytes === bytes && last.end === start) last.end = end;
    else this.#runs.push({ bytes, start, end });
    this.length += end - start;
  }

  /** All of them as one; a view where it is one run. */
  join(): Uint8Array {
    const [first] = this.#runs;
    if (first === undefined) return new Uint8Array(0);
    if (this.#runs.length === 1) return first.bytes.subarray(first.start, first.end);
    const joined = new Uint8Array(this.length);
    let offset = 0;
    for (const { bytes, start, end } of this.#runs) {
      joined.set(bytes.subarray(start, end), offset);
      offset += end - start;
    }
    return joined;
  }
}

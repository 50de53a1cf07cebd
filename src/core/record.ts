/**
 * The record codec: the one format of the log file, of `POST /peer/append` and of `GET /log`
 * (DESIGN.md §3). A batch is encoded once; its bytes go to the disk, to the slaves and to the
 * backups as they are.
 *
 * Frame, little endian:
 *
 *     u32 bodyBytes · u32 crc · body
 *     body = u8 version · u8 kind · u16 flags · f64 lsn · f64 epoch · f64 logTimeMs · payload
 *
 * The CRC (CRC-32 of zlib) covers the body and is seeded with its length, so that a damaged length
 * is found as surely as a damaged byte. Integers above 32 bits are doubles: exact to 2^53.
 */
import { crc32 } from 'node:zlib';

export const formatVersion = 1;
export const frameHeaderBytes = 8;
const bodyHeaderBytes = 28;

/** Who a node is to the others. `url` is the advertised base URL, without a trailing slash. */
export interface Member {
  readonly nodeId: string;
  readonly role: 'master' | 'slave';
  readonly url: string;
}

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

export interface PutCommand {
  readonly kind: 'put';
  readonly key: string;
  readonly value: Uint8Array;
  readonly contentType: string;
  /** Lifetime in log time; 0 is for ever. */
  readonly ttlMs: number;
  readonly condition: Condition;
  readonly request: RequestTag | null;
}

export interface DeleteCommand {
  readonly kind: 'delete';
  readonly key: string;
  readonly condition: Condition;
  readonly request: RequestTag | null;
}

/** Removes `key` if its lifetime was still set by the record `ttlLsn`; void otherwise. */
export interface ExpireCommand {
  readonly kind: 'expire';
  readonly key: string;
  readonly ttlLsn: number;
}

/** The voters before this record and after it (DESIGN.md §4). */
export interface ConfigCommand {
  readonly kind: 'config';
  readonly before: readonly Member[];
  readonly after: readonly Member[];
}

/** The first record of an epoch; commits what the log held before it. */
export interface EpochStartCommand {
  readonly kind: 'epoch-start';
  readonly nodeId: string;
}

/** What a client may ask for. */
export type Mutation = PutCommand | DeleteCommand;
export type Command = Mutation | ExpireCommand | ConfigCommand | EpochStartCommand;

/** One log entry. `frame` is its encoded form and is never changed. */
export interface Record {
  readonly lsn: number;
  readonly epoch: number;
  /** The log's own time; only the active master advances it. */
  readonly logTimeMs: number;
  readonly command: Command;
  readonly frame: Uint8Array;
}

// 4 is reserved for 'txn'.
const kindNumbers = { put: 1, delete: 2, expire: 3, config: 5, 'epoch-start': 6 } as const;

/** A frame that cannot be a record: damaged, torn, or of a later version of dsm. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly reason: 'torn' | 'damaged' | 'version';
  /** Where the bad frame begins. */
  readonly offset: number;
  constructor(reason: 'torn' | 'damaged' | 'version', offset: number, detail: string) {
    super(`${detail} at byte ${offset}`);
    this.reason = reason;
    this.offset = offset;
  }
}

/** Texts up to this length are read and written without a TextDecoder or TextEncoder. */
const shortTextBytesMax = 64;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Appends values to one growing buffer. Not for frames above 2^31 bytes. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  length = 0;

  constructor(initialBytes = 1024) {
    this.#bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
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
    if (written > 0xffff) throw new RangeError(`text of ${written} bytes in a record`);
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

/** Reads what a `Writer` wrote. Throws a FrameError (`damaged`) when it runs over the end. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Nothing is read at or behind it. */
  end: number;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    const at = this.#advance(length);
    return this.#shortAscii(at, length) ?? this.#utf8(at, length);
  }
  /** Most texts are short and ASCII; a TextDecoder costs more than such a text. */
  #shortAscii(at: number, length: number): string | null {
    if (length > shortTextBytesMax) return null;
    let text = '';
    for (let i = at; i < at + length; i += 1) {
      const byte = this.#bytes[i] ?? 0;
      if (byte > 0x7f) return null;
      text += String.fromCharCode(byte);
    }
    return text;
  }
  #utf8(at: number, length: number): string {
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw new FrameError('damaged', at, 'a text is not UTF-8');
    }
  }
}

/** The bounds of the frame at `offset`, its CRC checked. Throws a FrameError as `enterFrame`. */
export function frameAt(bytes: Uint8Array, offset: number): { bodyStart: number; end: number } {
  const reader = new Reader(bytes);
  reader.enterFrame(offset);
  return { bodyStart: reader.offset, end: reader.end };
}

function writeCondition(writer: Writer, condition: Condition): void {
  if (typeof condition === 'number') {
    writer.u8(3);
    writer.f64(condition);
  } else {
    writer.u8(condition === 'none' ? 0 : condition === 'absent' ? 1 : 2);
  }
}

function readCondition(reader: Reader): Condition {
  const tag = reader.u8();
  if (tag === 3) return reader.f64();
  const condition = (['none', 'absent', 'present'] as const)[tag];
  if (condition === undefined)
    throw new FrameError('damaged', reader.offset, 'an unknown condition');
  return condition;
}

function writeRequest(writer: Writer, request: RequestTag | null): void {
  writer.text(request?.id ?? '');
  if (request === null) return;
  writer.u32(request.payloadHash);
  writer.f64(request.keyRevision);
}

function readRequest(reader: Reader): RequestTag | null {
  const id = reader.text();
  if (id === '') return null;
  return { id, payloadHash: reader.u32(), keyRevision: reader.f64() };
}

export function writeMembers(writer: Writer, members: readonly Member[]): void {
  writer.u16(members.length);
  for (const member of members) {
    writer.text(member.nodeId);
    writer.u8(member.role === 'master' ? 1 : 0);
    writer.text(member.url);
  }
}

export function readMembers(reader: Reader): Member[] {
  return Array.from({ length: reader.u16() }, () => ({
    nodeId: reader.text(),
    role: reader.u8() === 1 ? 'master' : 'slave',
    url: reader.text(),
  }));
}

function writeCommand(writer: Writer, command: Command): void {
  switch (command.kind) {
    case 'put':
      writer.text(command.key);
      writeCondition(writer, command.condition);
      writeRequest(writer, command.request);
      writer.f64(command.ttlMs);
      writer.text(command.contentType);
      writer.bytes(command.value);
      return;
    case 'delete':
      writer.text(command.key);
      writeCondition(writer, command.condition);
      writeRequest(writer, command.request);
      return;
    case 'expire':
      writer.text(command.key);
      writer.f64(command.ttlLsn);
      return;
    case 'config':
      writeMembers(writer, command.before);
      writeMembers(writer, command.after);
      return;
    case 'epoch-start':
      writer.text(command.nodeId);
      return;
  }
}

function readCommand(reader: Reader, kind: number): Command {
  switch (kind) {
    case kindNumbers.put: {
      const key = reader.text();
      const condition = readCondition(reader);
      const request = readRequest(reader);
      const ttlMs = reader.f64();
      const contentType = reader.text();
      const value = reader.bytes(reader.end - reader.offset);
      return { kind: 'put', key, value, contentType, ttlMs, condition, request };
    }
    case kindNumbers.delete:
      return {
        kind: 'delete',
        key: reader.text(),
        condition: readCondition(reader),
        request: readRequest(reader),
      };
    case kindNumbers.expire:
      return { kind: 'expire', key: reader.text(), ttlLsn: reader.f64() };
    case kindNumbers.config:
      return { kind: 'config', before: readMembers(reader), after: readMembers(reader) };
    case kindNumbers['epoch-start']:
      return { kind: 'epoch-start', nodeId: reader.text() };
    default:
      throw new FrameError('version', reader.offset, `record kind ${kind} is not known`);
  }
}

/** Encodes one batch: `commands` get the positions from `firstLsn` on. */
export function encodeBatch(
  commands: readonly Command[],
  firstLsn: number,
  epoch: number,
  logTimeMs: number,
): { records: Record[]; bytes: Uint8Array } {
  const writer = new Writer(256 * commands.length + 64);
  const starts: number[] = [];
  for (const [index, command] of commands.entries()) {
    const start = writer.beginFrame();
    starts.push(start);
    writer.u8(formatVersion);
    writer.u8(kindNumbers[command.kind]);
    writer.u16(0);
    writer.f64(firstLsn + index);
    writer.f64(epoch);
    writer.f64(logTimeMs);
    writeCommand(writer, command);
    writer.endFrame(start);
  }
  const bytes = writer.take();
  const records = commands.map((command, index) => ({
    lsn: firstLsn + index,
    epoch,
    logTimeMs,
    command,
    frame: bytes.subarray(starts[index], starts[index + 1] ?? bytes.length),
  }));
  return { records, bytes };
}

/** Reads the record at `offset`. Values are views of `bytes`. Throws a FrameError. */
export function decodeRecord(bytes: Uint8Array, offset: number): { record: Record; end: number } {
  const reader = new Reader(bytes);
  const record = readRecord(reader, bytes, offset);
  return { record, end: reader.end };
}

function readRecord(reader: Reader, bytes: Uint8Array, offset: number): Record {
  reader.enterFrame(offset);
  const { end } = reader;
  if (end - reader.offset < bodyHeaderBytes) {
    throw new FrameError('damaged', offset, 'a record is too short');
  }
  const version = reader.u8();
  if (version !== formatVersion) {
    throw new FrameError('version', offset, `record format ${version} is not known`);
  }
  const kind = reader.u8();
  reader.u16();
  const lsn = reader.f64();
  const epoch = reader.f64();
  const logTimeMs = reader.f64();
  const command = readCommand(reader, kind);
  return { lsn, epoch, logTimeMs, command, frame: bytes.subarray(offset, end) };
}

/**
 * Reads all records of a message, which must be whole and contiguous. Throws a FrameError.
 * Values are views of `bytes`: who keeps one for long copies it.
 */
export function decodeRecords(bytes: Uint8Array): Record[] {
  const records: Record[] = [];
  const reader = new Reader(bytes);
  for (let offset = 0; offset < bytes.length; offset = reader.end) {
    const record = readRecord(reader, bytes, offset);
    const previous = records.at(-1);
    if (
      previous !== undefined &&
      (record.lsn !== previous.lsn + 1 || record.epoch < previous.epoch)
    ) {
      throw new FrameError('damaged', offset, `record ${record.lsn} follows ${previous.lsn}`);
    }
    records.push(record);
  }
  return records;
}

/** The frames of `records` as one body; a view where they lie side by side, as a batch does. */
export function joinFrames(records: readonly Record[]): Uint8Array {
  const first = records[0]?.frame;
  const last = records.at(-1)?.frame;
  if (first === undefined || last === undefined) return new Uint8Array(0);
  let length = 0;
  for (const record of records) length += record.frame.length;
  if (first.buffer === last.buffer && last.byteOffset + last.length - first.byteOffset === length) {
    return new Uint8Array(first.buffer, first.byteOffset, length);
  }
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const record of records) {
    joined.set(record.frame, offset);
    offset += record.frame.length;
  }
  return joined;
}

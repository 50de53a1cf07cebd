/**
 * The record codec: the one format of the log file, of `POST /peer/append` and of `GET /log`
 * (DESIGN.md §3). A batch is encoded once; its bytes go to the disk, to the slaves and to the
 * backups as they are.
 *
 * The body of a record's frame (frame.ts):
 *
 *     u8 version · u8 kind · u16 flags · f64 lsn · f64 epoch · f64 logTimeMs · payload
 *
 * Integers above 32 bits are doubles: exact to 2^53.
 */
import {
  type Condition,
  type RequestTag,
  readCondition,
  readRequest,
  writeCondition,
  writeRequest,
} from './command-fields.ts';
import {
  FrameError,
  FrameReader,
  FrameRuns,
  FrameWriter,
  formatVersion,
  frameCrc,
} from './frame.ts';
import { readTxn, type TxnCommand, writeTxn } from './operations.ts';
import { readSession, type SessionCommand, writeSession } from './session-command.ts';
import { Slab } from './slab.ts';

export type { Condition, RequestTag } from './command-fields.ts';

const bodyHeaderBytes = 28;

/** Who a node is to the others. `url` is the advertised base URL, without a trailing slash. */
export interface Member {
  readonly nodeId: string;
  readonly role: 'master' | 'slave';
  readonly url: string;
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

/** Changes nothing but the log's time: lifetimes go on over a restart though nobody writes. */
export interface TickCommand {
  readonly kind: 'tick';
}

/** What a client may ask for. */
export type Mutation = PutCommand | DeleteCommand | TxnCommand | SessionCommand;
export type Command = Mutation | ExpireCommand | ConfigCommand | EpochStartCommand | TickCommand;

/** One log entry, and where its encoded form lies: most are sent and stored with their neighbours. */
export class Record {
  readonly lsn: number;
  readonly epoch: number;
  /** The log's own time; only the active master advances it. */
  readonly logTimeMs: number;
  readonly command: Command;
  /** Holds the frame from `start` to `end`, often a whole batch. Never changed. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;

  constructor(
    header: RecordHeader,
    command: Command,
    bytes: Uint8Array,
    start: number,
    end: number,
  ) {
    this.lsn = header.lsn;
    this.epoch = header.epoch;
    this.logTimeMs = header.logTimeMs;
    this.command = command;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** The encoded form, bytes. */
  get frame(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  get frameBytes(): number {
    return this.end - this.start;
  }

  /** Of the frame: it covers key, value, lsn and epoch. */
  get crc(): number {
    return frameCrc(this.bytes, this.start);
  }
}

interface RecordHeader {
  readonly lsn: number;
  readonly epoch: number;
  readonly logTimeMs: number;
}

const kindNumbers = {
  put: 1,
  delete: 2,
  expire: 3,
  txn: 4,
  config: 5,
  'epoch-start': 6,
  tick: 7,
  session: 8,
} as const;

export function writeMembers(writer: FrameWriter, members: readonly Member[]): void {
  writer.u16(members.length);
  for (const member of members) {
    writer.text(member.nodeId);
    writer.u8(member.role === 'master' ? 1 : 0);
    writer.text(member.url);
  }
}

export function readMembers(reader: FrameReader): Member[] {
  return Array.from({ length: reader.u16() }, () => ({
    nodeId: reader.text(),
    role: reader.u8() === 1 ? 'master' : 'slave',
    url: reader.text(),
  }));
}

function writeCommand(writer: FrameWriter, command: Command): void {
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
    case 'txn':
      writeTxn(writer, command);
      return;
    case 'session':
      writeSession(writer, command);
      return;
    case 'tick':
      return;
  }
}

function readCommand(reader: FrameReader, kind: number): Command {
  switch (kind) {
    case kindNumbers.put: {
      const key = reader.text();
      const condition = readCondition(reader);
      const request = readRequest(reader);
      const ttlMs = reader.f64();
      const contentType = reader.commonText();
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
    case kindNumbers.txn:
      return readTxn(reader);
    case kindNumbers.session:
      return readSession(reader);
    case kindNumbers.tick:
      return { kind: 'tick' };
    default:
      throw new FrameError('version', reader.offset, `record kind ${kind} is not known`);
  }
}

const slab = new Slab();

/** What most records have beside their value, bytes. */
const usualBytes = 192;

/** About the size of the frames. */
function roomFor(commands: readonly Command[]): number {
  let bytes = usualBytes * commands.length;
  for (const command of commands) bytes += command.kind === 'put' ? command.value.length : 0;
  return bytes;
}

/** Encodes one batch: `commands` get the positions from `firstLsn` on. */
export function encodeBatch(
  commands: readonly Command[],
  firstLsn: number,
  epoch: number,
  logTimeMs: number,
): { records: Record[]; bytes: Uint8Array } {
  const writer = new FrameWriter(slab.room(roomFor(commands)));
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
  slab.keep(bytes);
  const records = commands.map((command, index) => {
    const header = { lsn: firstLsn + index, epoch, logTimeMs };
    return new Record(
      header,
      command,
      bytes,
      starts[index] ?? 0,
      starts[index + 1] ?? bytes.length,
    );
  });
  return { records, bytes };
}

/** Reads the record at `offset`. Values are views of `bytes`. Throws a FrameError. */
export function decodeRecord(bytes: Uint8Array, offset: number): { record: Record; end: number } {
  const reader = new FrameReader(bytes);
  const record = readRecord(reader, bytes, offset);
  return { record, end: reader.end };
}

function readRecord(reader: FrameReader, bytes: Uint8Array, offset: number): Record {
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
  return new Record({ lsn, epoch, logTimeMs }, command, bytes, offset, end);
}

/**
 * Reads all records of a message, which must be whole and contiguous. Throws a FrameError.
 * Values are views of `bytes`: who keeps one for long copies it.
 */
export function decodeRecords(bytes: Uint8Array): Record[] {
  const records: Record[] = [];
  const reader = new FrameReader(bytes);
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
  const runs = new FrameRuns();
  for (const { bytes, start, end } of records) runs.add(bytes, start, end);
  return runs.join();
}

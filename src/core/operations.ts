/**
 * What a transaction is made of (DESIGN.md §6 `/v1/txn`): tests of keys, and operations that run as
 * one record, all or none. Everything but a plain put and a plain delete is one, also a single
 * `increment`: so there is one evaluation of it (transaction.ts) and one format.
 */
import {
  type Condition,
  type RequestTag,
  readBytes,
  readCondition,
  readList,
  readRequest,
  writeBytes,
  writeCondition,
  writeList,
  writeRequest,
} from './command-fields.ts';
import { FrameError, type FrameReader, type FrameWriter } from './frame.ts';

/** Holds where both hold: `condition` of the key, and its value being `value` if that is not null. */
export interface Compare {
  readonly key: string;
  readonly condition: Condition;
  readonly value: Uint8Array | null;
}

export type Operation =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: Uint8Array;
      readonly contentType: string;
      /** Lifetime in log time; 0 is for ever. */
      readonly ttlMs: number;
      /** The session that the key ends with; 0 for none. */
      readonly session: number;
    }
  | { readonly kind: 'delete' | 'get'; readonly key: string }
  | {
      readonly kind: 'increment';
      readonly key: string;
      /** A safe integer. */
      readonly by: number;
      /** Lifetime of a key that is made by this; one that is there keeps its own. */
      readonly ttlMs: number;
    }
  | {
      /** A new lifetime, and nothing else: the revision stays. */
      readonly kind: 'touch';
      readonly key: string;
      readonly ttlMs: number;
    }
  | {
      readonly kind: 'delete-range';
      readonly start: string;
      /** Below it; null where there is no end. */
      readonly end: string | null;
      readonly limit: number;
      /** True: the first `limit` keys. False: all, or none where there are more than `limit`. */
      readonly isPage: boolean;
    };

export interface TxnCommand {
  readonly kind: 'txn';
  readonly compares: readonly Compare[];
  /** Run where all compares hold. */
  readonly operations: readonly Operation[];
  /** Run where one does not. */
  readonly otherwise: readonly Operation[];
  readonly request: RequestTag | null;
}

const tags = { put: 1, delete: 2, get: 3, increment: 4, touch: 5, 'delete-range': 6 } as const;

export function writeTxn(writer: FrameWriter, command: TxnCommand): void {
  writeRequest(writer, command.request);
  writeList(writer, command.compares, writeCompare);
  writeList(writer, command.operations, writeOperation);
  writeList(writer, command.otherwise, writeOperation);
}

export function readTxn(reader: FrameReader): TxnCommand {
  return {
    kind: 'txn',
    request: readRequest(reader),
    compares: readList(reader, readCompare),
    operations: readList(reader, readOperation),
    otherwise: readList(reader, readOperation),
  };
}

function writeCompare(writer: FrameWriter, { key, condition, value }: Compare): void {
  writer.text(key);
  writeCondition(writer, condition);
  writer.u8(value === null ? 0 : 1);
  if (value !== null) writeBytes(writer, value);
}

function readCompare(reader: FrameReader): Compare {
  return {
    key: reader.text(),
    condition: readCondition(reader),
    value: reader.u8() === 0 ? null : readBytes(reader),
  };
}

function writeOperation(writer: FrameWriter, operation: Operation): void {
  writer.u8(tags[operation.kind]);
  switch (operation.kind) {
    case 'put':
      writer.text(operation.key);
      writer.f64(operation.ttlMs);
      writer.f64(operation.session);
      writer.text(operation.contentType);
      writeBytes(writer, operation.value);
      return;
    case 'delete':
    case 'get':
      writer.text(operation.key);
      return;
    case 'increment':
      writer.text(operation.key);
      writer.f64(operation.by);
      writer.f64(operation.ttlMs);
      return;
    case 'touch':
      writer.text(operation.key);
      writer.f64(operation.ttlMs);
      return;
    case 'delete-range':
      writer.text(operation.start);
      writer.u8(operation.end === null ? 0 : 1);
      writer.text(operation.end ?? '');
      writer.u32(operation.limit);
      writer.u8(operation.isPage ? 1 : 0);
      return;
  }
}

function readOperation(reader: FrameReader): Operation {
  const tag = reader.u8();
  switch (tag) {
    case tags.put: {
      const [key, ttlMs, session] = [reader.text(), reader.f64(), reader.f64()];
      const contentType = reader.commonText();
      return { kind: 'put', key, ttlMs, session, contentType, value: readBytes(reader) };
    }
    case tags.delete:
      return { kind: 'delete', key: reader.text() };
    case tags.get:
      return { kind: 'get', key: reader.text() };
    case tags.increment:
      return { kind: 'increment', key: reader.text(), by: reader.f64(), ttlMs: reader.f64() };
    case tags.touch:
      return { kind: 'touch', key: reader.text(), ttlMs: reader.f64() };
    case tags['delete-range']: {
      const start = reader.text();
      const hasEnd = reader.u8() === 1;
      const end = reader.text();
      const limit = reader.u32();
      const isPage = reader.u8() === 1;
      return { kind: 'delete-range', start, end: hasEnd ? end : null, limit, isPage };
    }
    default:
      throw new FrameError('version', reader.offset, `operation ${tag} is not known`);
  }
}

/** Of an operation beside its texts and its value, in a record. */
const fieldBytesMax = 40;
/** Of a UTF-16 unit, in UTF-8. */
const unitBytesMax = 3;

/** The size of its record is at most so many bytes, and not much less. */
export function txnBytes({ compares, operations, otherwise }: TxnCommand): number {
  let bytes = 0;
  for (const { key, value } of compares) {
    bytes += fieldBytesMax + key.length * unitBytesMax + (value?.length ?? 0);
  }
  for (const operation of [...operations, ...otherwise]) {
    bytes += fieldBytesMax + textLengthOf(operation) * unitBytesMax;
    if (operation.kind === 'put') bytes += operation.value.length;
  }
  return bytes;
}

function textLengthOf(operation: Operation): number {
  switch (operation.kind) {
    case 'put':
      return operation.key.length + operation.contentType.length;
    case 'delete-range':
      return operation.start.length + (operation.end?.length ?? 0);
    default:
      return operation.key.length;
  }
}

/** May it make the map larger? */
export function mayGrow({ operations, otherwise }: TxnCommand): boolean {
  const grows = ({ kind }: Operation) => kind === 'put' || kind === 'increment';
  return operations.some(grows) || otherwise.some(grows);
}

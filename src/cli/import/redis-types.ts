/**
 * The types of values in a dump of Redis, as far as they must be known to find the next key behind
 * one. Numbers and layouts are those of Redis up to 8.0 (RDB version 12).
 */
import { type ByteReader, wrong } from './byte-reader.ts';
import { readLength, skipString } from './redis-strings.ts';

type Skip = (reader: ByteReader) => Promise<void>;

interface ValueType {
  /** In the plural, for people. */
  readonly name: string;
  readonly skip: Skip;
}

export const stringType = 0;

const bytes =
  (count: number): Skip =>
  (reader) =>
    reader.skip(count);
const length: Skip = async (reader) => void (await readLength(reader));

/** As many as a length before them says, each of `parts`. */
const repeated =
  (...parts: readonly Skip[]): Skip =>
  async (reader) => {
    const count = await readLength(reader);
    for (let i = 0; i < count; i += 1) for (const part of parts) await part(reader);
  };

const inOrder =
  (...parts: readonly Skip[]): Skip =>
  async (reader) => {
    for (const part of parts) await part(reader);
  };

/** A number as text behind its length; three lengths are infinities and no number. */
const textNumber: Skip = async (reader) => {
  const count = await reader.byte();
  if (count < 253) await reader.skip(count);
};

const streamId = inOrder(length, length);
const entriesPending = repeated(bytes(16), bytes(8), length);
const idsPending = repeated(bytes(16));

function stream(groupHead: Skip, consumerTimes: number, head: Skip): Skip {
  const consumers = repeated(skipString, bytes(8 * consumerTimes), idsPending);
  const groups = repeated(skipString, groupHead, entriesPending, consumers);
  return inOrder(repeated(skipString, skipString), length, streamId, head, groups);
}

const noMore: Skip = async () => {};
const streamTimes = inOrder(streamId, streamId, length);
const groupRead = inOrder(streamId, length);

/** What a module wrote says itself how long each part of it is. */
export const skipModule: Skip = async (reader) => {
  const parts = [null, length, length, bytes(4), bytes(8), skipString];
  for (;;) {
    const opcode = await readLength(reader);
    if (opcode === 0) return;
    const part = parts[opcode];
    if (part === undefined || part === null) {
      throw wrong(`${opcode} is no part of a module's value`, reader.offset);
    }
    await part(reader);
  }
};

const types: Readonly<Record<number, ValueType>> = {
  [stringType]: { name: 'strings', skip: skipString },
  1: { name: 'lists', skip: repeated(skipString) },
  2: { name: 'sets', skip: repeated(skipString) },
  3: { name: 'sorted sets', skip: repeated(skipString, textNumber) },
  4: { name: 'hashes', skip: repeated(skipString, skipString) },
  5: { name: 'sorted sets', skip: repeated(skipString, bytes(8)) },
  7: { name: 'values of modules', skip: inOrder(length, skipModule) },
  9: { name: 'hashes', skip: skipString },
  10: { name: 'lists', skip: skipString },
  11: { name: 'sets', skip: skipString },
  12: { name: 'sorted sets', skip: skipString },
  13: { name: 'hashes', skip: skipString },
  14: { name: 'lists', skip: repeated(skipString) },
  15: { name: 'streams', skip: stream(streamId, 1, noMore) },
  16: { name: 'hashes', skip: skipString },
  17: { name: 'sorted sets', skip: skipString },
  18: { name: 'lists', skip: repeated(length, skipString) },
  19: { name: 'streams', skip: stream(groupRead, 1, streamTimes) },
  20: { name: 'sets', skip: skipString },
  21: { name: 'streams', skip: stream(groupRead, 2, streamTimes) },
  24: { name: 'hashes', skip: inOrder(bytes(8), repeated(length, skipString, skipString)) },
  25: { name: 'hashes', skip: inOrder(bytes(8), skipString) },
};

/** Throws `invalid_request` for one that is not known: nobody can tell where it ends. */
export function typeOf(number: number, key: string, offset: number): ValueType {
  const type = types[number];
  if (type !== undefined) return type;
  throw wrong(
    `the key ${JSON.stringify(key)} is of type ${number}, which this version does not know; ` +
      'import an append-only file instead (CONFIG SET aof-use-rdb-preamble no, BGREWRITEAOF)',
    offset,
  );
}

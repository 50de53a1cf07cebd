import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withBody } from '../sim/fixtures.ts';
import { sessionCommand } from '../sim/session-arbitraries.ts';
import { txn } from '../sim/txn-arbitraries.ts';
import { FrameError, formatVersion, frameAt } from './frame.ts';
import { txnBytes } from './operations.ts';
import {
  type Command,
  type Condition,
  decodeRecord,
  decodeRecords,
  encodeBatch,
  joinFrames,
  type Member,
  type Record,
} from './record.ts';

/** Text as a key or a name may be: any characters, but no half of a surrogate pair. */
const characters = fc.string({ unit: 'grapheme', maxLength: 40 });
/** A byte order mark is one of them, and decoders like to take it away where it comes first. */
const text = fc.oneof(
  { weight: 9, arbitrary: characters },
  characters.map((rest) => `\ufeff${rest}`),
);
const lsn = fc.integer({ min: 1, max: 2 ** 53 - 1000 });
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom('none' as const, 'absent' as const, 'present' as const),
  lsn,
);
const tag = fc.option(
  fc.record({
    id: text.filter((id) => id !== ''),
    payloadHash: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    keyRevision: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  }),
);
const member: fc.Arbitrary<Member> = fc.record({
  nodeId: text,
  role: fc.constantFrom('master' as const, 'slave' as const),
  url: text,
});
const memberList = fc.array(member, { maxLength: 14 });

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    key: text,
    value: fc.uint8Array({ maxLength: 200 }),
    contentType: text,
    ttlMs: fc.integer({ min: 0, max: 2 ** 40 }),
    condition,
    request: tag,
  }),
  fc.record({ kind: fc.constant('delete' as const), key: text, condition, request: tag }),
  fc.record({ kind: fc.constant('expire' as const), key: text, ttlLsn: lsn }),
  fc.record({ kind: fc.constant('config' as const), before: memberList, after: memberList }),
  fc.record({ kind: fc.constant('epoch-start' as const), nodeId: text }),
  fc.record({ kind: fc.constant('tick' as const) }),
  txn,
  sessionCommand,
);

/** With plain arrays, so that views and copies compare equal. */
function meaning({ lsn, epoch, logTimeMs, frame, crc, command: said }: Record): object {
  const value = said.kind === 'put' ? { value: [...said.value] } : {};
  return { lsn, epoch, logTimeMs, frame: [...frame], crc, command: { ...said, ...value } };
}

describe('the record codec', () => {
  test('gives back what was written, for every kind of command', () => {
    fc.assert(
      fc.property(
        fc.array(command, { minLength: 1, maxLength: 8 }),
        lsn,
        lsn,
        (list, at, epoch) => {
          const { records, bytes } = encodeBatch(list, at, epoch, 12_345);
          expect(decodeRecords(bytes).map(meaning)).toEqual(records.map(meaning));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a frame taken out of a batch is the same bytes as one written alone', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 2, maxLength: 5 }), (list) => {
        const { records } = encodeBatch(list, 7, 3, 99);
        for (const [index, record] of records.entries()) {
          const { bytes } = encodeBatch([list[index] as Command], 7 + index, 3, 99);
          expect([...record.frame]).toEqual([...bytes]);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a transaction is not larger than it is reckoned', () => {
    fc.assert(
      fc.property(txn, text, (command, key) => {
        const operations = command.operations.map((one) => ('key' in one ? { ...one, key } : one));
        const whole = { ...command, operations, request: null };
        const { bytes } = encodeBatch([whole], 1, 1, 0);
        // Header of the frame and of the record, and three counts.
        expect(bytes.length).toBeLessThanOrEqual(txnBytes(whole) + 64);
      }),
    );
  });

  test('every flipped bit of a frame is found', () => {
    fc.assert(
      fc.property(command, (one) => {
        const { bytes } = encodeBatch([one], 5, 2, 1000);
        for (let bit = 0; bit < bytes.length * 8; bit += 1) {
          const damaged = bytes.slice();
          damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(() => decodeRecord(damaged, 0)).toThrow(FrameError);
        }
      }),
      { numRuns: 8 },
    );
  });

  test('every truncation of a frame is found, and is called torn', () => {
    const value = new Uint8Array(64).fill(7);
    const put = { kind: 'put', key: 'k', value, contentType: 'a/b', ttlMs: 0 } as const;
    const { bytes } = encodeBatch([{ ...put, condition: 'none', request: null }], 1, 1, 0);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(reasonOf(() => decodeRecord(bytes.subarray(0, length), 0))).toBe('torn');
    }
  });

  test('a damaged length that ends inside the bytes is called damaged, not torn', () => {
    const { bytes } = encodeBatch([{ kind: 'epoch-start', nodeId: 'node-1' }], 1, 1, 0);
    const damaged = bytes.slice();
    new DataView(damaged.buffer).setUint32(0, bytes.length - 8 - 1, true);
    expect(reasonOf(() => frameAt(damaged, 0))).toBe('damaged');
  });

  test('a record of a later format is told apart from damage', () => {
    const { bytes } = encodeBatch([{ kind: 'epoch-start', nodeId: 'n' }], 1, 1, 0);
    expect(reasonOf(() => decodeRecord(withBody(bytes, 0, formatVersion + 1), 0))).toBe('version');
    expect(reasonOf(() => decodeRecord(withBody(bytes, 1, 99), 0))).toBe('version');
  });

  test('a message with a gap, a repetition or a falling epoch is refused', () => {
    const at = (place: number, epoch: number) =>
      encodeBatch([{ kind: 'epoch-start', nodeId: 'n' }], place, epoch, 0).bytes;
    const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
    expect(decodeRecords(join(at(4, 1), at(5, 2)))).toHaveLength(2);
    expect(() => decodeRecords(join(at(4, 1), at(6, 1)))).toThrow(FrameError);
    expect(() => decodeRecords(join(at(4, 1), at(4, 1)))).toThrow(FrameError);
    expect(() => decodeRecords(join(at(4, 2), at(5, 1)))).toThrow(FrameError);
  });

  test('frames are joined to the same bytes whether or not they lie side by side', () => {
    const list: Command[] = [1, 2, 3].map((i) => ({ kind: 'epoch-start', nodeId: `n${i}` }));
    const { records, bytes } = encodeBatch(list, 1, 1, 0);
    expect([...joinFrames(records)]).toEqual([...bytes]);
    const apart = list.flatMap((one, i) => encodeBatch([one], i + 1, 1, 0).records);
    expect([...joinFrames(apart)]).toEqual([...bytes]);
    const holed = [records[0], records[2]].filter((record) => record !== undefined);
    expect([...joinFrames(holed)]).toEqual(holed.flatMap(({ frame }) => [...frame]));
    expect(joinFrames([])).toHaveLength(0);
  });
});

function reasonOf(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof FrameError) return error.reason;
    throw error;
  }
  return 'none';
}

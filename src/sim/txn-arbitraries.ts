/** Random transactions for property tests, over few keys so that they meet. */
import fc from 'fast-check';
import type { Compare, Operation, TxnCommand } from '../core/operations.ts';
import type { RequestTag } from '../core/record.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const text = fc.constantFrom('', '7', '-3', 'x', '9007199254740991');
const bytes = text.map((value) => new TextEncoder().encode(value));
const ttlMs = fc.constantFrom(0, 0, 10);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    key,
    value: bytes,
    contentType: fc.constant('a/b'),
    ttlMs,
    session: fc.constantFrom(0, 0, 1, 2, 3),
  }),
  fc.record({ kind: fc.constantFrom('delete' as const, 'get' as const), key }),
  fc.record({
    kind: fc.constant('increment' as const),
    key,
    by: fc.constantFrom(1, -1, 5, Number.MAX_SAFE_INTEGER),
    ttlMs,
  }),
  fc.record({ kind: fc.constant('touch' as const), key, ttlMs }),
  fc.record({
    kind: fc.constant('delete-range' as const),
    start: key,
    end: fc.option(key),
    limit: fc.integer({ min: 1, max: 4 }),
    isPage: fc.boolean(),
  }),
);

const compare: fc.Arbitrary<Compare> = fc.record({
  key,
  condition: fc.oneof(
    fc.constantFrom('none' as const, 'absent' as const, 'present' as const),
    fc.integer({ min: 1, max: 20 }),
  ),
  value: fc.option(bytes),
});

const request: fc.Arbitrary<RequestTag | null> = fc.option(
  fc.record({
    id: fc.constantFrom('t1', 't2', 't3'),
    payloadHash: fc.constantFrom(1, 2),
    keyRevision: fc.integer({ min: 0, max: 20 }),
  }),
);

export const txn: fc.Arbitrary<TxnCommand> = fc.record({
  kind: fc.constant('txn' as const),
  compares: fc.array(compare, { maxLength: 2 }),
  operations: fc.array(operation, { maxLength: 4 }),
  otherwise: fc.array(operation, { maxLength: 2 }),
  request,
});

/** Random commands to a file log, with power cuts among them: for `LogModel`. */
import fc from 'fast-check';
import type { LogCommand } from './log-model.ts';

const shares = fc.constantFrom(0, 0.05, 0.3);

/** Weighted so that much is under way when the power fails. */
const command: fc.Arbitrary<LogCommand> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 6 }),
      valueBytes: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 1500 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cut' as const),
      count: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 30 })),
    }),
  },
  { weight: 1, arbitrary: fc.constant<LogCommand>({ kind: 'meta' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('snapshot' as const),
      behind: fc.integer({ min: 0, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('replace' as const),
      shared: fc.integer({ min: 0, max: 8 }),
      more: fc.integer({ min: 0, max: 8 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.oneof(fc.double({ min: 0, max: 4, noNaN: true }), fc.constantFrom(20, 6000)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('faults' as const),
      faults: fc.record({
        syncFailShare: shares,
        writeFailShare: shares,
        stallShare: shares,
        stallMs: fc.constant(50),
        capacityBytes: fc.constantFrom(Number.POSITIVE_INFINITY, 4000),
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      how: fc.constantFrom('crash' as const, 'crash' as const, 'kill' as const),
    }),
  },
);

export const logCommands = fc.array(command, { maxLength: 60, size: 'max' });

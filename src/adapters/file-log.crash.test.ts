import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logCommands } from '../sim/log-arbitraries.ts';
import { LogModel } from '../sim/log-model.ts';

const logLimits = fc.record({
  segmentBytesMax: fc.constantFrom(1, 400, 5000),
  logAheadBytes: fc.constantFrom(0, 1000, 4000),
});

// Thousands of power cuts: about a second on an idle machine.
const timeoutMs = 60_000;

test('after a crash, what was answered is there, and nothing that was cut', {
  timeout: timeoutMs,
}, () => {
  let restarts = 0;
  const runs = Number(process.env.DSM_LOG_RUNS ?? 2000);
  fc.assert(
    fc.property(
      fc.nat(),
      fc.array(logLimits, { minLength: 1, maxLength: 3 }),
      logCommands,
      (seed, limits, chosen) => {
        const model = new LogModel(seed, limits);
        model.run(chosen);
        restarts += model.restarts;
      },
    ),
    { numRuns: runs },
  );
  expect(restarts).toBeGreaterThan(runs);
});

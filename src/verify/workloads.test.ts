/** Histories as long as those of real tests, to see that the checkers can decide them at all. */
import { describe, expect, test, vi } from 'vitest';
import { SeededRandom } from '../sim/seeded-random.ts';
import { checkHistory } from './check-history.ts';
import { checkLinearization } from './linearization.ts';
import { createRegisterModel } from './register.ts';
import { registerInvocations } from './register-history.ts';
import { appendWorkload, dsmWorkload, withLateAnomaly } from './testing/workloads.ts';
import { checkVersions } from './version-check.ts';
import { checkZones } from './zone-check.ts';

// Some seconds on an idle machine; many more where others work too.
vi.setConfig({ testTimeout: 120_000 });

const fifty = { clients: 50, keys: 10, operations: 2024 };

describe.each([1, 2, 3])('50 clients that append to 10 keys, seed %i', (seed) => {
  test.each([0, 0.1])('are decided with a share of %d of unknown outcomes', (unknownShare) => {
    const model = createRegisterModel('');
    const good = appendWorkload(new SeededRandom(seed), { ...fifty, unknownShare });
    const one = checkLinearization(model, good);
    expect(one.verdict).toBe('linearizable');
    const other = checkLinearization(model, withLateAnomaly(good));
    expect(other.verdict).toBe('not-linearizable');
    expect(one.steps + other.steps).toBeLessThan(1_000_000);
  });
});

test('50 clients that append to one key are decided', () => {
  const model = createRegisterModel('');
  const workload = { ...fifty, keys: 1, operations: 1000, unknownShare: 0.05 };
  const good = appendWorkload(new SeededRandom(4), workload);
  expect(checkLinearization(model, good).verdict).toBe('linearizable');
  expect(checkLinearization(model, withLateAnomaly(good)).verdict).toBe('not-linearizable');
});

test('100 000 operations of every kind on 1000 keys are linearizable to all checkers', () => {
  const workload = { clients: 100, keys: 1000, operations: 100_000, unknownShare: 0.02 };
  const history = dsmWorkload(new SeededRandom(5), { ...workload, onlyPlain: false });
  const result = checkHistory(history);
  expect(result.violations).toEqual([]);
  expect(result.search.verdict).toBe('linearizable');
  expect(result.verdict).toBe('linearizable');
});

test('20 000 plain operations on one key are linearizable to all checkers', () => {
  const workload = { clients: 20, keys: 1, operations: 20_000, unknownShare: 0.01 };
  const history = dsmWorkload(new SeededRandom(6), { ...workload, onlyPlain: true });
  expect(checkVersions(history).verdict).toBe('linearizable');
  const invocations = registerInvocations(history);
  expect(checkZones(invocations, null).verdict).toBe('linearizable');
  expect(checkLinearization(createRegisterModel(null), invocations).verdict).toBe('linearizable');
});

import { describe, expect, test } from 'vitest';
import { checkHistory, dsmModel } from './check-history.ts';
import type { HistoryOperation } from './history.ts';
import { checkLinearization } from './linearization.ts';
import { createRegisterModel } from './register.ts';
import { registerInvocations } from './register-history.ts';
import { isLinearizable } from './testing/brute-force.ts';
import type { KnownHistory } from './testing/known-histories.ts';
import { knownReads } from './testing/known-reads.ts';
import { knownRegisters } from './testing/known-registers.ts';
import { knownWrites } from './testing/known-writes.ts';
import { registerTimeline } from './testing/register-timeline.ts';
import { timeline } from './testing/timeline.ts';

/** As a store would answer that says no revisions. */
function withoutRevisions(history: readonly HistoryOperation[]): HistoryOperation[] {
  return history.map(({ revision, nodeRevision, minRevision, ...rest }) => rest);
}

/** Conditions and refusals are about revisions; without them such a history says something else. */
const needsRevisions = ({ bad, inSearch = 'always' }: KnownHistory): boolean =>
  inSearch !== 'always' ||
  timeline(bad).some(
    ({ condition, currentRevision = 0 }) => typeof condition === 'number' || currentRevision > 0,
  );

const all: readonly KnownHistory[] = [...knownReads, ...knownWrites];

describe.each(all)('$name', (known) => {
  const bad = timeline(known.bad);
  const good = timeline(known.good);

  test('is found', () => {
    const result = checkHistory(bad);
    expect(result.verdict).toBe('not-linearizable');
    if (known.rule !== undefined) {
      expect(result.violations.map(({ rule }) => rule)).toContain(known.rule);
      expect(result.versions).toBe('not-linearizable');
    }
    if (known.inZones) expect(result.zones).toBe('not-linearizable');
    const isSeen = known.inSearch !== 'never';
    expect(result.search.verdict).toBe(isSeen ? 'not-linearizable' : 'linearizable');
  });

  test('has a close twin that no checker objects to', () => {
    const result = checkHistory(good);
    expect(result.violations).toEqual([]);
    expect(result.verdict).toBe('linearizable');
    expect(result.versions).not.toBe('not-linearizable');
    expect(checkHistory(withoutRevisions(good)).verdict).toBe('linearizable');
  });
});

test.each(all.filter((known) => !needsRevisions(known)))(
  'without revisions too: $name',
  ({ bad }) => {
    const invocations = registerInvocations(withoutRevisions(timeline(bad)));
    expect(checkLinearization(dsmModel, invocations).verdict).toBe('not-linearizable');
    expect(isLinearizable(dsmModel, invocations)).toBe(false);
  },
);

describe.each(knownRegisters)('$name', ({ bad, good }) => {
  test.each(['', null])(
    'is found, and its twin is not, in a register that begins as %j',
    (initial) => {
      const model = createRegisterModel(initial);
      const verdictOf = (picture: string) =>
        checkLinearization(model, registerTimeline(picture)).verdict;
      expect(verdictOf(bad)).toBe('not-linearizable');
      expect(verdictOf(good)).toBe('linearizable');
      expect(isLinearizable(model, registerTimeline(bad))).toBe(false);
      expect(isLinearizable(model, registerTimeline(good))).toBe(true);
    },
  );
});

test('a violation names the operations that contradict each other', () => {
  const { violations } = checkHistory(timeline(knownReads[0]!.bad));
  const stale = violations.find(({ rule }) => rule === 'stale-read');
  expect(stale?.operations).toEqual([1, 2]);
  expect(stale?.message).toMatch(
    /^put x="2" @2 by A \[\d+, \d+\] was acknowledged before get x="1"/,
  );
});

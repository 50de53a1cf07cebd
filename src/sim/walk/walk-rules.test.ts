import { expect, test } from 'vitest';
import type { Voter } from '../../core/voter.ts';
import { logOf, makeVoter, puts } from '../fixtures.ts';
import { WalkRules, type WatchedNode } from './walk-rules.ts';

const voters = 'm1 m2 m3 s1 s2';

/** A node with `count` puts of epoch 1 behind the configuration. */
function seat(nodeId: string, count: number, activeEpoch = 0) {
  const voter = makeVoter(nodeId, { log: logOf(voters, puts(count, 2)), promised: activeEpoch });
  return { name: nodeId, node: nodeOf(voter, activeEpoch) };
}

function nodeOf(voter: Voter, activeEpoch: number): WatchedNode {
  return {
    nodeId: voter.self.nodeId,
    epoch: voter.promised,
    appliedLsn: voter.store.appliedLsn,
    isActive: () => activeEpoch > 0,
    readNow: () => undefined,
    inspect: () => voter,
  };
}

/** It is looked at before and after: a rule sees what changes. */
function commits(rules: WalkRules, one: { name: string; node: WatchedNode }, lsn: number): void {
  rules.check([one], false);
  one.node.inspect().advanceCommitted(lsn);
  rules.check([one], false);
}

test('an older master may lack what a later one committed, be it a record of before', () => {
  const rules = new WalkRules();
  commits(rules, seat('m2', 2, 5), 3);
  expect(() => rules.check([seat('m3', 1, 3)], false)).not.toThrow();
});

test.each([6, 9])('a later master lacks nothing that was committed: epoch %i', (epoch) => {
  const rules = new WalkRules();
  commits(rules, seat('m2', 2, 5), 3);
  expect(() => rules.check([seat('m3', 1, epoch)], false)).toThrow('without the committed 3');
  expect(() => new WalkRules().check([seat('m3', 1, epoch)], false)).not.toThrow();
});

test('what no master was seen to commit was committed when it was written', () => {
  const rules = new WalkRules();
  commits(rules, seat('s1', 2), 3);
  expect(() => rules.check([seat('m3', 1, 3)], false)).toThrow('without the committed 3');
});

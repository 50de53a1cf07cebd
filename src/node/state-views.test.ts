import { expect, test } from 'vitest';
import { SnapshotDecoder } from '../core/snapshot.ts';
import { append, makeVoter, origin, puts } from '../sim/fixtures.ts';
import { StateViews, viewsMax } from './state-views.ts';

function voterOf(count: number) {
  const voter = makeVoter('s1');
  voter.onAppend(append(1, origin), puts(count, 1), 0);
  voter.advanceCommitted(count);
  return voter;
}

test('a view stays as it was while records go on being applied', () => {
  const voter = voterOf(2);
  const view = new StateViews().open(voter);
  const { hash } = voter.store;
  voter.onAppend(append(1, { epoch: 1, lsn: 2 }), puts(1, 3), 0);
  voter.advanceCommitted(3);
  const decoder = new SnapshotDecoder();
  for (const chunk of view.chunks) decoder.push(chunk);
  const { header, store } = decoder.finish();
  expect([view.position.lsn, header.position, store.hash]).toEqual([2, view.position, hash]);
  expect(voter.store.hash).not.toBe(hash);
});

test('only so many are given at one time; one that is released gives nothing more', () => {
  const [views, voter] = [new StateViews(), voterOf(1)];
  const open = Array.from({ length: viewsMax }, () => views.open(voter));
  expect(() => views.open(voter)).toThrow('snapshots are read from this node already');
  const [first] = open;
  first?.release();
  first?.release();
  expect(first?.chunks.next().done).toBe(true);
  views.open(voter);
  expect(() => views.open(voter)).toThrow();
});

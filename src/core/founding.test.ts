import { expect, test } from 'vitest';
import { members, put, records } from '../sim/fixtures.ts';
import { epochLeap, foundFrom, lsnLeap } from './founding.ts';
import { encodeSnapshot, SnapshotDecoder } from './snapshot.ts';
import { Store } from './store.ts';

const founder = { nodeId: 'n', role: 'master', url: 'http://n' } as const;

/** What a node of the new cluster starts with. */
function found(store: Store) {
  const header = { clusterId: 'old', position: { epoch: 4, lsn: store.appliedLsn } };
  const made = foundFrom({ ...header, members: members('m1 s1') }, store.freeze(), 'new', founder);
  const decoder = new SnapshotDecoder();
  for (const chunk of encodeSnapshot(made.header, made.frozen)) decoder.push(chunk);
  return decoder.finish();
}

function storeOf(commands: Parameters<typeof records>[0]): Store {
  const store = new Store();
  for (const record of records(commands, 1, 4)) store.apply(record);
  return store;
}

test('the state is the saved one, in a cluster of its own whose numbers are all higher', () => {
  const store = storeOf([put('a', 'one'), put('b', 'two')]);
  const { header, store: taken } = found(store);
  const position = { epoch: 4 + epochLeap, lsn: 2 + lsnLeap };
  expect(header).toEqual({ clusterId: 'new', position, members: [founder] });
  expect(taken.freeze()).toEqual({ ...store.freeze(), appliedLsn: position.lsn });
  expect(taken.get('a')?.revision).toBe(1);
});

test('a request that was saved is not run again; one that was lost is', () => {
  const request = { id: 'r', payloadHash: 1, keyRevision: 1 };
  const { store } = found(storeOf([put('a', 'one', { request })]));
  const lost = { id: 'lost', payloadHash: 1, keyRevision: 1 };
  const [again, first] = records(
    [put('a', 'other', { request }), put('a', 'again', { request: lost })],
    store.appliedLsn + 1,
    9,
  );
  if (again === undefined || first === undefined) throw new Error('there are two records');
  expect(store.apply(again)).toEqual({ status: 'created', revision: 1 });
  expect(store.apply(first)).toEqual({ status: 'updated', revision: 2 + 1 + lsnLeap });
});

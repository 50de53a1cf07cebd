import { describe, expect, test } from 'vitest';
import { SnapshotDecoder } from '../core/snapshot.ts';
import type { Voter } from '../core/voter.ts';
import type { PeerAnswer } from '../ports/peers.ts';
import { append, makeVoter, origin, put, puts, records } from '../sim/fixtures.ts';
import { type SnapshotChunk, SnapshotServer } from './snapshot-server.ts';

/** A slave with `count` keys of `valueBytes`, all applied. */
function filled(count: number, valueBytes: number): Voter {
  const voter = makeVoter('s1');
  const commands = Array.from({ length: count }, (_, i) => put(`k${i}`, 'x'.repeat(valueBytes)));
  voter.onAppend(append(1, origin, { committedLsn: count }), records(commands, 1), 0);
  return voter;
}

const ask = (nodeId: string, snapshotId = '', index = 0) => ({
  clusterId: 'c',
  nodeId,
  candidateEpoch: 0,
  snapshotId,
  index,
});
const chunkOf = (answer: PeerAnswer) => answer.message as SnapshotChunk;

/** Reads on from `first` to the end. */
function readAll(server: SnapshotServer, voter: Voter, nodeId: string, first: PeerAnswer) {
  const decoder = new SnapshotDecoder();
  let answer = first;
  for (;;) {
    expect(answer.status).toBe(200);
    decoder.push(answer.body ?? new Uint8Array(0));
    const { isLast, snapshotId, index } = chunkOf(answer);
    if (isLast) return decoder.finish();
    answer = server.answer(voter, ask(nodeId, snapshotId, index + 1), 0);
  }
}

describe('the snapshot server', () => {
  test('gives a state of one lsn, though records go on being applied between its chunks', () => {
    const server = new SnapshotServer();
    const voter = filled(20, 60_000);
    const first = server.answer(voter, ask('s9'), 0);
    expect(chunkOf(first).isLast).toBe(false);
    const hash = voter.store.hash;
    voter.onAppend(append(1, { epoch: 1, lsn: 20 }, { committedLsn: 25 }), puts(5, 21), 0);
    const { header, store } = readAll(server, voter, 's9', first);
    expect(header.position).toEqual({ epoch: 1, lsn: 20 });
    expect(store.hash).toBe(hash);
  });

  test('gives the last chunk again to one who missed the answer, and none out of order', () => {
    const server = new SnapshotServer();
    const voter = filled(20, 60_000);
    const { snapshotId } = chunkOf(server.answer(voter, ask('s9'), 0));
    const second = server.answer(voter, ask('s9', snapshotId, 1), 0);
    expect(server.answer(voter, ask('s9', snapshotId, 1), 0)).toEqual(second);
    expect(server.answer(voter, ask('s9', snapshotId, 3), 0).status).toBe(404);
    expect(server.answer(voter, ask('s9', snapshotId, 0), 0).status).toBe(404);
    expect(server.answer(voter, ask('s9', 'unknown', 1), 0).status).toBe(404);
  });

  test('a node has one session: a new one takes the place of its old one', () => {
    const server = new SnapshotServer();
    const voter = filled(20, 60_000);
    const { snapshotId } = chunkOf(server.answer(voter, ask('s9'), 0));
    const again = server.answer(voter, ask('s9'), 0);
    expect(server.answer(voter, ask('s9', snapshotId, 1), 0).status).toBe(404);
    readAll(server, voter, 's9', again);
  });

  test('finished and forgotten sessions stand in nobody’s way', () => {
    const server = new SnapshotServer();
    const small = filled(1, 10);
    for (let i = 0; i < 100; i += 1) {
      expect(server.answer(small, ask(`s${i}`), 0).status).toBe(200);
    }
    const large = filled(20, 60_000);
    const statuses = Array.from({ length: 40 }, (_, i) =>
      server.answer(large, ask(`t${i}`), 0),
    ).map(({ status }) => status);
    // Bounded while they are being read; free again when nobody asks for a while.
    expect(statuses).toContain(404);
    expect(server.answer(large, ask('u1'), 60_000).status).toBe(200);
  });
});

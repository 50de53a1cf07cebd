import { describe, expect, test } from 'vitest';
import { member } from '../sim/fixtures.ts';
import { defaultLimits } from './limits.ts';
import { Peer } from './peer.ts';
import { chooseSlaves, type Placement } from './placement.ts';

const slaves = (count: number) =>
  Array.from({ length: count }, (_, i) => new Peer(member(`s${i + 1}`), 1, 0, defaultLimits));
const keys = Array.from({ length: 600 }, (_, i) => `user:${i}`);
const idsFor = (peers: readonly Peer[], count: number, placement: Placement, key: string) =>
  chooseSlaves(peers, count, placement, key, Math.random).map(({ nodeId }) => nodeId);

describe('placement', () => {
  test('gives all where not more are there than needed, none where none is', () => {
    const three = slaves(3);
    for (const placement of ['hash', 'random', 'least-lag'] as const) {
      expect(idsFor(three, 3, placement, 'k')).toEqual(['s1', 's2', 's3']);
      expect(idsFor(three, 5, placement, 'k')).toHaveLength(3);
      expect(idsFor(three, 0, placement, 'k')).toEqual([]);
      expect(new Set(idsFor(three, 2, placement, 'k')).size).toBe(2);
    }
  });

  test('hash: the same key has the same slaves, whatever the order of the list', () => {
    const five = slaves(5);
    for (const key of keys.slice(0, 50)) {
      const there = idsFor(five, 2, 'hash', key);
      expect(idsFor([...five].reverse(), 2, 'hash', key)).toEqual(there);
    }
  });

  test('hash: keys are spread evenly', () => {
    const four = slaves(4);
    const counts = new Map<string, number>();
    for (const key of keys) {
      const [id = ''] = idsFor(four, 1, 'hash', key);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const { nodeId } of four) {
      expect(counts.get(nodeId)).toBeGreaterThan(100);
      expect(counts.get(nodeId)).toBeLessThan(200);
    }
  });

  test('hash: a slave that goes moves only its own keys', () => {
    const five = slaves(5);
    for (const key of keys) {
      const [before = ''] = idsFor(five, 1, 'hash', key);
      const [after = ''] = idsFor(five.slice(0, 4), 1, 'hash', key);
      if (before !== 's5') expect(after).toBe(before);
    }
  });

  test('least-lag: those that hold most of the log come first', () => {
    const five = slaves(5);
    for (const [index, peer] of five.entries()) peer.matchLsn = (index * 7) % 5;
    expect(idsFor(five, 2, 'least-lag', 'k')).toEqual(['s3', 's5']);
  });

  test('least-lag: among equals those that answer fastest', () => {
    const three = slaves(3);
    for (const [index, peer] of three.entries()) {
      for (let n = 0; n < 9; n += 1) peer.noteAckTime([2, 9, 1][index] ?? 0);
    }
    expect(idsFor(three, 2, 'least-lag', 'k')).toEqual(['s3', 's1']);
    for (let n = 0; n < 9; n += 1) three[2]?.noteAckTime(20);
    expect(idsFor(three, 2, 'least-lag', 'k')).toEqual(['s1', 's2']);
  });

  test('random: follows the randomness that it is given', () => {
    const draws = [0.1, 0.9, 0.5];
    const chosen = chooseSlaves(slaves(3), 2, 'random', 'k', () => draws.shift() ?? 0);
    expect(chosen.map(({ nodeId }) => nodeId)).toEqual(['s2', 's3']);
  });
});

import { describe, expect, test } from 'vitest';
import { members } from '../sim/fixtures.ts';
import { Lease } from './lease.ts';

const three = [members('m1 s1 s2')];
const five = [members('m1 m2 s1 s2 s3')];
/** 900 ms, of which the drift allowance leaves 810. */
const makeLease = () => new Lease('m1', 900, 0.1);

describe('the lease of the active master', () => {
  test('runs from the send time, less the drift allowance', () => {
    const lease = makeLease();
    lease.addVow('s1', 1000);
    expect(lease.holds(three, 1809, 0 + 1809)).toBe(true);
    expect(lease.holds(three, 1810, 0 + 1810)).toBe(false);
  });

  test('needs a majority beside the master itself', () => {
    const lease = makeLease();
    lease.addVow('s1', 0);
    expect(lease.holds(five, 10, 10)).toBe(false);
    lease.addVow('s2', 5);
    expect(lease.endMs(five)).toBe(810);
    lease.addVow('s3', 100);
    expect(lease.endMs(five)).toBe(815);
  });

  test('an older vow that arrives late shortens nothing', () => {
    const lease = makeLease();
    lease.addVow('s1', 500);
    lease.addVow('s1', 100);
    expect(lease.endMs(three)).toBe(1310);
  });

  test('the vow of a node that is no voter counts for nothing', () => {
    const lease = makeLease();
    lease.addVow('s9', 0);
    expect(lease.holds(three, 10, 10)).toBe(false);
  });

  test('of a lone voter never ends', () => {
    expect(makeLease().holds([members('m1')], 1e9, 1e9)).toBe(true);
  });

  test('M3: is counted anew when the configuration changes', () => {
    const lease = makeLease();
    lease.addVow('s1', 0);
    expect(lease.holds(three, 10, 10)).toBe(true);
    lease.forgetEnd();
    expect(lease.holds([...three, members('m1 s3 s4')], 10, 10)).toBe(false);
  });

  test('is void while wall and monotonic clock disagree', () => {
    const lease = makeLease();
    lease.watchClocks(0, 0);
    lease.addVow('s1', 0);
    expect(lease.holds(three, 50, 50 + 80)).toBe(true);
    // The machine slept for 30 s: its monotonic clock did not notice.
    expect(lease.holds(three, 50, 50 + 30_000)).toBe(false);
    expect(lease.holds(three, 50, 50 - 30_000)).toBe(false);
  });

  test('after a leap every vow is void, and new ones count', () => {
    const lease = makeLease();
    lease.watchClocks(0, 0);
    lease.addVow('s1', 0);
    lease.watchClocks(50, 30_050);
    expect(lease.holds(three, 51, 30_051)).toBe(false);
    lease.addVow('s1', 60);
    expect(lease.holds(three, 70, 30_070)).toBe(true);
  });

  test('an answer to a message sent before the leap makes no vow after it', () => {
    const lease = makeLease();
    lease.watchClocks(0, 0);
    lease.watchClocks(50, 30_050);
    // Sent at 40, taken by the voter before the sleep; read from the socket after it.
    lease.addVow('s1', 40);
    expect(lease.holds(three, 51, 30_051)).toBe(false);
  });
});

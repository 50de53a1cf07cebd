import { describe, expect, test } from 'vitest';
import type { Entry, WatchEvent } from '../../client/types.ts';
import { WatchNotes } from './follower.ts';

const put = (revision: number, text: string): WatchEvent => {
  const entry = { key: 'k', revision, text: () => text } as Entry;
  return { kind: 'put', key: 'k', revision, entry };
};
const synced = (revision: number): WatchEvent => ({ kind: 'synced', revision });
const reset: WatchEvent = { kind: 'reset', revision: 0 };
const written = new Map([
  [3, 'a'],
  [5, 'b'],
  [8, 'c'],
]);

function faultsOf(...events: readonly WatchEvent[]): string[] {
  const notes = new WatchNotes();
  for (const event of events) notes.note(event);
  return notes.allFaults(written);
}

describe('what a watch told', () => {
  test('is right where each change came once, in order, behind what was there', () => {
    expect(faultsOf(synced(2), put(3, 'a'), put(5, 'b'), put(8, 'c'))).toEqual([]);
    expect(faultsOf(put(3, 'a'), synced(4), put(5, 'b'), synced(6), put(8, 'c'))).toEqual([]);
  });

  test('may leave out what lay before a reset', () => {
    expect(faultsOf(synced(2), put(3, 'a'), reset, put(5, 'b'), synced(5), put(8, 'c'))).toEqual(
      [],
    );
  });

  test.each([
    ['leaves out a change', [synced(2), put(3, 'a'), put(8, 'c')], 'b @5 was told as undefined'],
    ['tells another value', [synced(3), put(5, 'x'), put(8, 'c')], 'b @5 was told as x'],
    ['repeats a change', [synced(5), put(8, 'c'), put(8, 'c')], '8 was told after 8'],
    ['goes back', [synced(4), put(8, 'c'), put(5, 'b')], '5 was told after 8'],
    [
      'misses one when it resumes',
      [synced(3), synced(6), put(8, 'c')],
      'b @5 was told as undefined',
    ],
  ])('is wrong where it %s', (_, events, fault) => {
    expect(faultsOf(...events)).toEqual([fault]);
  });
});

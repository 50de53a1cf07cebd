import { expect, test } from 'vitest';
import { Gathering } from './gathering.ts';

interface Wait {
  /** Writes in the queue when 100 clients are answered, at 0 ms. */
  readonly waiting?: number;
  /** Clients that ask again. */
  readonly returned?: number;
}

/** One batch: was it waited for? */
function batch(gathering: Gathering, { waiting = 0, returned = 100 }: Wait = {}): boolean {
  gathering.begin(waiting, 100, 0);
  const hasWaited = !gathering.isOver(waiting, 1);
  gathering.end(waiting + returned);
  return hasWaited;
}

const batches = (gathering: Gathering, count: number, wait?: Wait) =>
  Array.from({ length: count }, () => batch(gathering, wait));

test('a batch waits until nearly all who were answered are back, beside who waits already', () => {
  const gathering = new Gathering(5);
  expect(gathering.isOver(1, 0)).toBe(true);
  gathering.begin(20, 80, 1000);
  expect(gathering.untilMs).toBe(1005);
  expect(gathering.isOver(96, 1004)).toBe(false);
  expect(gathering.isOver(97, 1001)).toBe(true);
  expect(gathering.isOver(20, 1005)).toBe(true);
  gathering.end(97);
  expect(gathering.isOver(1, 1001)).toBe(true);
});

test('nobody waits after a few answers, nor where it is switched off', () => {
  const gathering = new Gathering(5);
  gathering.begin(0, 7, 1000);
  expect(gathering.isOver(1, 1000)).toBe(true);
  expect(batch(new Gathering(0))).toBe(false);
});

test('clients that come back are waited for again and again', () => {
  expect(batches(new Gathering(5), 50)).not.toContain(false);
  expect(batches(new Gathering(5), 50, { waiting: 30, returned: 95 })).not.toContain(false);
});

test.each<[string, Wait]>([
  ['come at times of their own', { waiting: 90, returned: 98 }],
  ['do not come back', { returned: 20 }],
])('sixteen batches wait for nobody after two waits for clients that %s', (_, wait) => {
  const gathering = new Gathering(5);
  // A wait is judged when the next one is due.
  expect(batches(gathering, 2, wait)).toEqual([true, true]);
  expect(batches(gathering, 16, wait)).not.toContain(true);
  expect(batch(gathering, wait)).toBe(true);
});

test('one pause of the clients is forgiven', () => {
  const gathering = new Gathering(5);
  for (let round = 0; round < 9; round += 1) {
    expect(batch(gathering, { returned: 3 })).toBe(true);
    expect(batch(gathering)).toBe(true);
  }
});

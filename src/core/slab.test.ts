import { expect, test } from 'vitest';
import { Slab } from './slab.ts';

test('pieces lie one behind the other in one buffer', () => {
  const slab = new Slab();
  const first = slab.room(10).subarray(0, 7);
  slab.keep(first);
  const second = slab.room(10);
  expect(second.buffer).toBe(first.buffer);
  expect(second.byteOffset).toBe(first.byteOffset + 7);
});

test('what was not kept is given again', () => {
  const slab = new Slab();
  const first = slab.room(10);
  expect(slab.room(10).byteOffset).toBe(first.byteOffset);
});

test('a piece that outgrew its room takes none', () => {
  const slab = new Slab();
  const first = slab.room(10);
  slab.keep(new Uint8Array(1000));
  expect(slab.room(10).byteOffset).toBe(first.byteOffset);
});

test('where too little is left there is a new buffer, and what was kept stays as it is', () => {
  const slab = new Slab();
  const room = slab.room(1);
  const first = room.subarray(0, room.length - 9);
  first.fill(7);
  slab.keep(first);
  expect(slab.room(9).buffer).toBe(first.buffer);
  const second = slab.room(10);
  expect(second.buffer).not.toBe(first.buffer);
  second.fill(1);
  expect(new Set(first)).toEqual(new Set([7]));
});

test('a large piece has a buffer of its size, and what is left for small ones stays', () => {
  const slab = new Slab();
  const first = slab.room(10).subarray(0, 7);
  slab.keep(first);
  const large = slab.room(5_000_000);
  expect(large.buffer.byteLength).toBe(5_000_000);
  slab.keep(large);
  expect(slab.room(10).buffer).toBe(first.buffer);
  expect(slab.room(10).byteOffset).toBe(first.byteOffset + 7);
});

import { describe, expect, it } from 'vitest';
import { BodyCollector } from './body-collector.ts';

const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value);

describe('a body', () => {
  it('is put together from chunks, and has a buffer of its own', () => {
    const body = new BodyCollector(100);
    const chunk = bytes(3);
    expect(body.push(chunk)).toBe(true);
    expect(body.push(bytes(2, 8))).toBe(true);
    chunk.fill(0);
    const whole = body.take();
    expect([...whole]).toEqual([7, 7, 7, 8, 8]);
    expect(whole.buffer.byteLength).toBe(5);
  });

  it('is refused from the chunk on that makes it too long', () => {
    const body = new BodyCollector(4);
    expect(body.push(bytes(4))).toBe(true);
    expect(body.push(bytes(1))).toBe(false);
  });

  it('that was announced is given its room once', () => {
    const body = new BodyCollector(100);
    body.expect(10);
    for (const length of [1, 3, 6]) body.push(bytes(length));
    expect(body.take()).toEqual(bytes(10));
  });

  it.each([
    ['shorter', 50],
    ['longer', 2],
  ])('may be %s than it was said to be', (_, announced) => {
    const body = new BodyCollector(100);
    body.expect(announced);
    body.push(bytes(4));
    body.push(bytes(5, 8));
    const whole = body.take();
    expect([...whole]).toEqual([7, 7, 7, 7, 8, 8, 8, 8, 8]);
    expect(whole.buffer.byteLength).toBe(9);
  });

  it('that is said to be too long gets no room for it', () => {
    const body = new BodyCollector(100);
    body.expect(1e12);
    expect(body.push(bytes(4))).toBe(true);
    expect(body.take().buffer.byteLength).toBe(4);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventParser } from './event-stream.ts';

describe('events of a stream', () => {
  test.each([
    ['data: x\n\n', [{ name: 'message', data: 'x', id: null }]],
    ['id: 7\nevent: put\ndata: {"a":1}\n\n', [{ name: 'put', data: '{"a":1}', id: '7' }]],
    ['event:put\r\ndata:x\r\n\r\n', [{ name: 'put', data: 'x', id: null }]],
    ['data: a\ndata:  b\ndata\n\n', [{ name: 'message', data: 'a\n b\n', id: null }]],
    ['retry: 1000\n\n: comment\n\nid: 1\n\n', []],
    ['data: not ended', []],
    ['data: not ended\n', []],
  ])('%j', (text, expected) => {
    expect(new EventParser().push(text)).toEqual(expected);
  });

  test('an id holds for its own event only', () => {
    const events = new EventParser().push('id: 7\ndata: a\n\ndata: b\n\n');
    expect(events.map(({ id }) => id)).toEqual(['7', null]);
  });

  test('are the same however the text is cut', () => {
    const text = 'retry: 1\n\nid: 1\nevent: a\ndata: x:y\n\n:c\ndata: 1\r\ndata: 2\r\n\r\n';
    const whole = new EventParser().push(text);
    expect(whole).toHaveLength(2);
    const places = fc.array(fc.integer({ min: 0, max: text.length }));
    fc.assert(
      fc.property(places, (cuts) => {
        const parser = new EventParser();
        const edges = [0, ...cuts.toSorted((x, y) => x - y), text.length];
        const pieces = edges.slice(1).map((end, index) => text.slice(edges[index], end));
        expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(whole);
      }),
    );
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader, FrameWriter } from './frame.ts';
import { RecentTexts } from './recent-texts.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

test('a text is known by all of its bytes', () => {
  const texts = new RecentTexts();
  texts.note(bytesOf('>text/html<'), 1, 9, 'text/html');
  const message = bytesOf('..text/html..text/htmx');
  expect(texts.find(message, 2, 9)).toBe('text/html');
  expect(texts.find(message, 2, 8)).toBe(null);
  expect(texts.find(message, 13, 9)).toBe(null);
});

test('the last one of each length is remembered, and none that is long', () => {
  const texts = new RecentTexts();
  for (const text of ['a/bc', 'd/ef', 'g'.repeat(65)]) {
    texts.note(bytesOf(text), 0, text.length, text);
  }
  expect(texts.find(bytesOf('a/bc'), 0, 4)).toBe(null);
  expect(texts.find(bytesOf('d/ef'), 0, 4)).toBe('d/ef');
  expect(texts.find(bytesOf('g'.repeat(65)), 0, 65)).toBe(null);
});

test('whatever was read before, a text is read as it was written', () => {
  const text = fc.oneof(
    fc.constantFrom('', '\ufeff', 'é', 'text/html', 'application/octet-stream'),
    fc.string({ unit: 'binary', maxLength: 70 }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), (written) => {
      const writer = new FrameWriter(new Uint8Array(0));
      for (const one of written) writer.text(one);
      const reader = new FrameReader(writer.take());
      const again = new FrameReader(writer.take());
      expect(written.map(() => reader.commonText())).toEqual(written);
      expect(written.map(() => again.text())).toEqual(written);
    }),
  );
});

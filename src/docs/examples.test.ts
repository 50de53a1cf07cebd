import { describe, expect, test } from 'vitest';
import { blocksOf, commandsOf, moduleOf, patternOf } from './examples.ts';

const document = [
  'Text.',
  '```console',
  '$ echo one',
  'one',
  '$ printf "a\\n" |',
  '> cat',
  'a',
  '```',
  '```ts',
  'const x = 1;',
  'x + 1; // → 2',
  '```',
].join('\n');

describe('the examples of a document', () => {
  test('are its blocks, with commands and what they print', () => {
    const [session, module] = blocksOf(document);
    expect(session && commandsOf(session)).toEqual([
      { line: 3, text: 'echo one', prints: ['one'] },
      { line: 5, text: 'printf "a\\n" |\ncat', prints: ['a'] },
    ]);
    expect(module && moduleOf(module)).toContain("__equal(x + 1, 2, 'line 11');");
  });

  test('allow anything only where they say so', () => {
    expect('id 42 (new)\n').toMatch(patternOf(['id … (new)']));
    expect('id 42\n(new)\n').not.toMatch(patternOf(['id … (new)']));
    expect('a\nb\nc\n').toMatch(patternOf(['a', '…', 'c']));
    expect('a\nc\n').toMatch(patternOf(['a', '…', 'c']));
    expect('a.c\n').toMatch(patternOf(['a.c']));
    expect('abc\n').not.toMatch(patternOf(['a.c']));
    expect('').toMatch(patternOf([]));
    expect('more\n').not.toMatch(patternOf([]));
  });

  test('must be whole', () => {
    expect(() => blocksOf('```ts\nx')).toThrow('the block of line 2 does not end');
    expect(() => commandsOf({ language: 'console', line: 9, lines: ['x'] })).toThrow('line 9');
  });
});

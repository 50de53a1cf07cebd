/** What is left of keys where a command makes no string of them, or is not known. */
import { nameOf, type RedisKeys } from './redis-keys.ts';

type Words = readonly Uint8Array[];

const first = (words: Words) => words.slice(0, 1);
const second = (words: Words) => words.slice(1, 2);
const firstTwo = (words: Words) => words.slice(0, 2);

/**
 * By the names of commands, the first that fits: what they make, and the words that are keys which
 * they write. Where no word for it is there, nobody knows what became of the string.
 */
const known: readonly (readonly [RegExp, string | null, (words: Words) => Words])[] = [
  [/^XGROUP$/, 'streams', second],
  [/^X/, 'streams', first],
  // GEORADIUS may name a key behind STORE, anywhere.
  [/^(?:Z|GEO(?!RADIUS))/, 'sorted sets', first],
  [/^H/, 'hashes', first],
  [/^SMOVE$/, 'sets', firstTwo],
  [/^S(?:ADD|REM|POP|\w+STORE)$/, 'sets', first],
  [/^B?(?:LMOVE|RPOPLPUSH)$/, 'lists', firstTwo],
  [/^(?:[LR]P(?:USH|OP)|B?[LR]M?P?OP|LSET|LTRIM|LREM|LINSERT)/, 'lists', first],
  [/^BITOP$/, null, second],
  [/^(?:SETRANGE|SETBIT|BITFIELD|INCRBYFLOAT|GETEX|PFADD|PFMERGE)$/, null, first],
];

/** `name` is in upper case; `words` stand behind it. */
export function runUnknown(keys: RedisKeys, name: string, words: Words): void {
  const fitting = known.find(([names]) => names.test(name));
  const what = fitting?.[1] ?? `keys changed by ${name}`;
  const written = fitting?.[2] ?? first;
  for (const word of written(words)) keys.set(nameOf(word), { kind: 'other', what });
  // It may have written to any key that it names.
  if (fitting === undefined) for (const word of words) keys.taint(nameOf(word), what);
}

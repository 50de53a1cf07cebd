/**
 * The order of keys is the order of their UTF-8 bytes, which is that of their code points. JavaScript
 * compares texts by UTF-16 units instead, and differs where a surrogate (a code point above U+FFFF)
 * meets a unit from U+E000 on.
 */

/** Keys from `start` on and below `end`. */
export interface KeyRange {
  readonly start: string;
  /** Null where there is no end. */
  readonly end: string | null;
}

export const allKeys: KeyRange = Object.freeze({ start: '', end: null });

const firstSurrogate = 0xd800;
const lastSurrogate = 0xdfff;
const lastCodePoint = 0x10ffff;

/** Units that need `compareKeys`; without them `<` gives the same order. */
const highUnit = /[\ud800-\uffff]/;

export function hasHighUnit(key: string): boolean {
  return highUnit.test(key);
}

/** Moves the surrogates behind all other units. */
function rankOf(unit: number): number {
  if (unit < firstSurrogate) return unit;
  return unit <= lastSurrogate ? unit + 0x2000 : unit - 0x800;
}

/** Negative, 0 or positive, as the bytes of `a` come before those of `b`, are the same, or after. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return rankOf(unitA) - rankOf(unitB);
  }
  return a.length - b.length;
}

/** All keys that begin with `prefix`. */
export function prefixRange(prefix: string): KeyRange {
  return { start: prefix, end: afterPrefix(prefix) };
}

/** The smallest text above all that begin with `prefix`; null where there is none. */
function afterPrefix(prefix: string): string | null {
  const points = [...prefix];
  for (let point = points.pop(); point !== undefined; point = points.pop()) {
    const code = point.codePointAt(0) ?? lastCodePoint;
    if (code === lastCodePoint) continue;
    // UTF-8 has no surrogates: behind U+D7FF comes U+E000.
    const next = code + 1 === firstSurrogate ? lastSurrogate + 1 : code + 1;
    return points.join('') + String.fromCodePoint(next);
  }
  return null;
}

/** What lies in both. */
export function intersect(a: KeyRange, b: KeyRange): KeyRange {
  const start = compareKeys(a.start, b.start) >= 0 ? a.start : b.start;
  if (a.end === null || b.end === null) return { start, end: a.end ?? b.end };
  return { start, end: compareKeys(a.end, b.end) <= 0 ? a.end : b.end };
}

/**
 * Which appends a value cannot do without. A value that was read is a value that was set, followed
 * by texts that were appended. Where a text can only have come from one invocation, and every way to
 * put the value together anew uses it, that invocation is *indispensable*: once it has been used,
 * only a state that already leads to the value still does. (What the register began with is no way to
 * begin anew.)
 */
import type { RegisterAction } from './register.ts';

/** From one place in a value to a later one, by one text. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const byLength = (texts: Iterable<string>): Map<number, Set<string>> =>
  new Map([...Map.groupBy(texts, (text) => text.length)].map(([key, all]) => [key, new Set(all)]));

export class Composition {
  readonly #settled: Map<number, Set<string>>;
  readonly #texts: Map<number, Set<string>>;
  /** Texts of exactly one invocation. */
  readonly #single: Set<string>;
  /** False where some effect may leave any value: then nothing is indispensable. */
  readonly #isKnown: boolean;

  constructor(actions: readonly RegisterAction[]) {
    const settled = new Set<string>();
    const counts = new Map<string, number>();
    for (const { effect } of actions) {
      if (effect.kind === 'set') settled.add(effect.value ?? '');
      if (effect.kind !== 'append' || effect.text === '') continue;
      counts.set(effect.text, (counts.get(effect.text) ?? 0) + 1);
    }
    this.#settled = byLength(settled);
    this.#texts = byLength(counts.keys());
    this.#single = new Set([...counts].filter(([, count]) => count === 1).map(([text]) => text));
    this.#isKnown = !actions.some(({ effect }) => effect.kind === 'add');
  }

  /** The texts of single invocations that are in every composition of `value`. */
  indispensable(value: string): string[] {
    if (!this.#isKnown || this.#single.size === 0) return [];
    const starts = new Set<number>();
    for (const [length, values] of this.#settled) {
      if (values.has(value.slice(0, length))) starts.add(length);
    }
    const pieces = this.#usefulPieces(value, starts);
    // A piece is in every composition if it is the only one over the gap before its second letter
    // and none begins behind that gap.
    const useful = new Set(pieces.map(({ from }) => from)).add(value.length);
    const lastStart = Math.max(...[...starts].filter((start) => useful.has(start)));
    const covers = coverage(pieces, value.length);
    return pieces
      .filter(({ from }) => from >= lastStart && covers[from] === 1)
      .map(({ text }) => text)
      .filter((text) => this.#single.has(text));
  }

  /** Pieces that lie on some way from one of the starts to the end. */
  #usefulPieces(value: string, starts: ReadonlySet<number>): Piece[] {
    const pieces: Piece[] = [];
    const reached = new Set(starts);
    for (let from = 0; from < value.length; from += 1) {
      if (!reached.has(from)) continue;
      for (const [length, texts] of this.#texts) {
        const text = value.slice(from, from + length);
        if (!texts.has(text)) continue;
        pieces.push({ from, to: from + length, text });
        reached.add(from + length);
      }
    }
    const ending = new Set([value.length]);
    return pieces.reverse().filter(({ from, to }) => {
      if (ending.has(to)) ending.add(from);
      return ending.has(to);
    });
  }
}

/** For each place of a value, how many pieces cover the letter there. */
function coverage(pieces: readonly Piece[], length: number): number[] {
  const changes = new Array<number>(length + 1).fill(0);
  for (const { from, to } of pieces) {
    changes[from]! += 1;
    changes[to]! -= 1;
  }
  let covering = 0;
  return changes.map((change) => {
    covering += change;
    return covering;
  });
}

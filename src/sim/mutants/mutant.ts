/**
 * A planted bug: a change of the source text that breaks one rule of the protocol. It is applied to
 * a copy of the sources, so that production code needs no switch for it, and it must find each of
 * its texts exactly once: one that has gone out of date fails, instead of testing nothing.
 */
import type { ProfileName } from '../profiles.ts';

export interface Patch {
  /** Relative to `src/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** What the bug breaks, by the rules of DESIGN.md §4 and §5. */
  readonly rule: string;
  readonly patches: readonly Patch[];
  /** Who finds it; a random walk where nothing is said. */
  readonly hunter?: Hunter;
  /** It must be found within so many seeds; those of `seedsMaxOf` where nothing is said. */
  readonly seedsMax?: number;
  /** Why no seed can find it: another rule makes up for it. It must survive, as a control. */
  readonly harmless?: string;
}

/** A walk (`../walk/`), a hunt through the file log (`log-hunts.ts`), or a profile of the simulator. */
export type Hunter = keyof typeof seedsOfHunters | ProfileName;

/** As many as take some ten seconds. */
const seedsOfHunters = {
  walk: 3000,
  'lease-walk': 3000,
  'lease-edge': 100,
  tails: 3000,
  'log-crashes': 2000,
  // Each of four ways to damage each of eight logs.
  'log-damage': 32,
} as const;

/** A seed of the simulator lasts as long as some twenty walks. */
export function seedsMaxOf(hunter: Hunter): number {
  return Object.hasOwn(seedsOfHunters, hunter)
    ? seedsOfHunters[hunter as keyof typeof seedsOfHunters]
    : 150;
}

/** The mutant itself is wrong: its text is out of date, or what it makes is no program. */
export class MutantError extends Error {
  override readonly name = 'MutantError';
}

/** Throws a MutantError unless `find` occurs exactly once in `text`. */
export function applyPatch(text: string, { file, find, replace }: Patch): string {
  const at = text.indexOf(find);
  if (find === '' || at < 0) throw new MutantError(`${file} does not contain:\n${find}`);
  if (text.indexOf(find, at + 1) >= 0) {
    throw new MutantError(`${file} contains more than once:\n${find}`);
  }
  if (find === replace) throw new MutantError(`${file} is not changed by:\n${find}`);
  return text.slice(0, at) + replace + text.slice(at + find.length);
}

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

/** A walk (`../walk/`), or the simulator with one of its profiles. */
export type Hunter = 'walk' | 'lease-walk' | ProfileName;

/** A seed of the simulator lasts as long as some twenty walks. */
export function seedsMaxOf(hunter: Hunter): number {
  return hunter === 'walk' || hunter === 'lease-walk' ? 3000 : 150;
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

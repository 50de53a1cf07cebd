/** The keys of one database of Redis while commands are run on them. */
import { Buffer } from 'node:buffer';

export interface RedisString {
  /** Its bytes are these one behind the other: see `appended`. */
  readonly parts: readonly Uint8Array[];
  /** Unix time; null for ever. */
  readonly expiresAtMs: number | null;
}

/** `what` is a plural, for people. */
export type RedisKey =
  | ({ readonly kind: 'string' } & RedisString)
  /** Not a string, or nobody knows what. */
  | { readonly kind: 'other'; readonly what: string }
  /**
   * Perhaps not there: a command that is not known named it. It is told only where a later command
   * builds on it, because most words of such commands are no keys at all.
   */
  | { readonly kind: 'maybe'; readonly what: string };

/** Rough size in memory of all that shares it. */
export interface Meter {
  bytes: number;
}

/** Of an entry of a map, or of a word that is kept. */
export const overheadBytes = 128;

/** By name, one unit for each byte of it. */
export class RedisKeys {
  readonly #meter: Meter;
  readonly #keys = new Map<string, RedisKey>();

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  get(name: string): RedisKey | undefined {
    return this.#keys.get(name);
  }

  /**
   * For a command that does something else where the key is there: one that may be there is left
   * out from now on, since nobody can tell what the command did.
   */
  settle(name: string): RedisKey | undefined {
    const held = this.#keys.get(name);
    if (held?.kind !== 'maybe') return held;
    const settled = certain(held);
    this.set(name, settled);
    return settled;
  }

  /** A command may have written anything here. */
  taint(name: string, what: string): void {
    const held = this.#keys.get(name);
    if (held === undefined) this.set(name, { kind: 'maybe', what });
    else if (held.kind === 'string') this.set(name, { kind: 'other', what });
  }

  set(name: string, key: RedisKey): void {
    this.delete(name);
    this.#keys.set(name, key);
    this.#meter.bytes += sizeOf(name, key);
  }

  delete(name: string): void {
    const old = this.#keys.get(name);
    if (old === undefined) return;
    this.#keys.delete(name);
    this.#meter.bytes -= sizeOf(name, old);
  }

  clear(): void {
    for (const name of this.#keys.keys()) this.delete(name);
  }

  [Symbol.iterator](): IterableIterator<[string, RedisKey]> {
    return this.#keys.entries();
  }
}

function sizeOf(name: string, key: RedisKey): number {
  const parts = key.kind === 'string' ? key.parts : [];
  return parts.reduce((bytes, part) => bytes + part.length, name.length + overheadBytes);
}

/** As it is where it must have been there: for what is made of it. */
export function certain(key: RedisKey): RedisKey {
  return key.kind === 'maybe' ? { kind: 'other', what: key.what } : key;
}

/**
 * Parts with `more` behind them, of which each is at least twice as long as the next: joining all of
 * a value again at each APPEND would take time that grows with the square of its length.
 */
export function appended(parts: readonly Uint8Array[], more: Uint8Array): readonly Uint8Array[] {
  let kept = parts.length;
  let length = more.length;
  for (; kept > 0; kept -= 1) {
    const before = parts[kept - 1]?.length ?? 0;
    if (before >= 2 * length) break;
    length += before;
  }
  return [...parts.slice(0, kept), Buffer.concat([...parts.slice(kept), more])];
}

export function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}

/** What RENAMENX and MOVE do: nothing where the other place is taken. */
export function moveKey(
  source: RedisKeys,
  from: string,
  target: RedisKeys,
  to: string,
  what: string,
): void {
  const held = source.get(from);
  // What is not known may have been moved there.
  if (held === undefined) return target.taint(to, what);
  const there = target.settle(to);
  if (there?.kind === 'string') return;
  if (there !== undefined) return source.taint(from, what);
  source.delete(from);
  target.set(to, certain(held));
}

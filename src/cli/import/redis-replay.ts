/** What commands of Redis make of keys, as far as keys are strings. */
import { Buffer } from 'node:buffer';
import { shownKey } from './items.ts';

export type RedisKey =
  | { readonly kind: 'string'; readonly value: Uint8Array; readonly expiresAtMs: number | null }
  /** Not a string, or nobody knows what; `what` is a plural. */
  | { readonly kind: 'other'; readonly what: string };

const keyOverheadBytes = 128;

/** The keys of one database by name, one unit for each byte of it. */
export class RedisKeys {
  /** Rough size in memory. */
  bytes = 0;
  readonly #keys = new Map<string, RedisKey>();

  get(name: string): RedisKey | undefined {
    return this.#keys.get(name);
  }

  set(name: string, key: RedisKey): void {
    this.delete(name);
    this.#keys.set(name, key);
    this.bytes += sizeOf(name, key);
  }

  delete(name: string): void {
    const old = this.#keys.get(name);
    if (old === undefined) return;
    this.#keys.delete(name);
    this.bytes -= sizeOf(name, old);
  }

  clear(): void {
    this.#keys.clear();
    this.bytes = 0;
  }

  [Symbol.iterator](): IterableIterator<[string, RedisKey]> {
    return this.#keys.entries();
  }
}

function sizeOf(name: string, key: RedisKey): number {
  return name.length + (key.kind === 'string' ? key.value.length : 0) + keyOverheadBytes;
}

/** What commands make that is no string, by their names; the first that fits counts. */
const others: readonly (readonly [RegExp, string])[] = [
  [/^X/, 'streams'],
  [/^(?:Z|GEO)/, 'sorted sets'],
  [/^H/, 'hashes'],
  [/^S(?:ADD|REM|POP|MOVE|\w+STORE)$/, 'sets'],
  [/^(?:[LR]P(?:USH|OP)|B?[LR]M?P?OP|LSET|LTRIM|LREM|LINSERT|B?LMOVE)/, 'lists'],
];

/** These change no key. */
const harmless = new Set([
  ...['PING', 'AUTH', 'HELLO', 'CLIENT', 'COMMAND', 'PUBLISH', 'SPUBLISH'],
  ...['MULTI', 'EXEC', 'SCRIPT', 'FUNCTION'],
]);

type Handler = (keys: RedisKeys, words: readonly Uint8Array[], nowMs: number) => boolean;

/** Runs one command, its name first. */
export function runCommand(
  keys: RedisKeys,
  [head = new Uint8Array(0), ...words]: readonly Uint8Array[],
  nowMs: number,
): void {
  const name = shownKey(head).toUpperCase();
  if (harmless.has(name) || handlers[name]?.(keys, words, nowMs) === true) return;
  // `XGROUP CREATE key …`
  const key = name === 'XGROUP' ? words[1] : words[0];
  if (key === undefined) return;
  const what = others.find(([names]) => names.test(name))?.[1] ?? `keys changed by ${name}`;
  keys.set(nameOf(key), { kind: 'other', what });
  // It may have written to any other key that it names.
  for (const word of words) {
    const place = nameOf(word);
    if (keys.get(place)?.kind === 'string') keys.set(place, { kind: 'other', what });
  }
}

export function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}

const setOptions = new Set(['EX', 'PX', 'EXAT', 'PXAT']);

const handlers: Readonly<Record<string, Handler>> = {
  SET: set,
  SETEX: (keys, [key, seconds, value], nowMs) =>
    store(keys, key, value, timeOf(seconds, 1000, nowMs)),
  PSETEX: (keys, [key, ms, value], nowMs) => store(keys, key, value, timeOf(ms, 1, nowMs)),
  SETNX: (keys, [key, value]) =>
    key !== undefined && (keys.get(nameOf(key)) !== undefined || store(keys, key, value, null)),
  GETSET: (keys, [key, value]) => store(keys, key, value, null),
  MSET: (keys, words) => {
    for (let at = 0; at < words.length; at += 2) {
      if (!store(keys, words[at], words[at + 1], null)) return false;
    }
    return true;
  },
  RENAME: rename,
  DEL: drop,
  UNLINK: drop,
  GETDEL: drop,
  EXPIRE: (keys, words, nowMs) => expire(keys, words, 1000, nowMs),
  PEXPIRE: (keys, words, nowMs) => expire(keys, words, 1, nowMs),
  EXPIREAT: (keys, words) => expire(keys, words, 1000, 0),
  PEXPIREAT: (keys, words) => expire(keys, words, 1, 0),
  PERSIST: (keys, [key]) => change(keys, key, ({ value }) => ({ value, expiresAtMs: null })),
  INCR: (keys, [key]) => add(keys, key, 1n),
  DECR: (keys, [key]) => add(keys, key, -1n),
  INCRBY: (keys, [key, by]) => add(keys, key, wholeOf(by)),
  DECRBY: (keys, [key, by]) => add(keys, key, wholeOf(by, -1n)),
  APPEND: (keys, [key, more = new Uint8Array(0)]) =>
    key !== undefined && keys.get(nameOf(key)) !== undefined
      ? change(keys, key, (old) => ({ ...old, value: Buffer.concat([old.value, more]) }))
      : store(keys, key, more, null),
  FLUSHDB: clear,
  // Of one database: files that Redis writes flush each.
  FLUSHALL: clear,
};

/** False where a word is missing: then the command is one that is not known. */
function store(
  keys: RedisKeys,
  key: Uint8Array | undefined,
  value: Uint8Array | undefined,
  expiresAtMs: number | null,
): boolean {
  if (key === undefined || value === undefined || Number.isNaN(expiresAtMs)) return false;
  keys.set(nameOf(key), { kind: 'string', value, expiresAtMs });
  return true;
}

function set(keys: RedisKeys, words: readonly Uint8Array[], nowMs: number): boolean {
  const [key, value, ...options] = words;
  if (key === undefined) return false;
  const held = keys.get(nameOf(key));
  let expiresAtMs: number | null = null;
  for (let at = 0; at < options.length; at += 1) {
    const option = shownKey(options[at] ?? new Uint8Array(0)).toUpperCase();
    if (option === 'NX' && held !== undefined) return true;
    if (option === 'XX' && held === undefined) return true;
    if (option === 'KEEPTTL') expiresAtMs = held?.kind === 'string' ? held.expiresAtMs : null;
    else if (setOptions.has(option)) {
      const unit = option.startsWith('P') ? 1 : 1000;
      expiresAtMs = timeOf(options[at + 1], unit, option.endsWith('AT') ? 0 : nowMs);
      at += 1;
    } else if (!['NX', 'XX', 'GET'].includes(option)) return false;
  }
  return store(keys, key, value, expiresAtMs);
}

function rename(keys: RedisKeys, [from, to]: readonly Uint8Array[]): boolean {
  const held = from === undefined ? undefined : keys.get(nameOf(from));
  if (from === undefined || to === undefined || held === undefined) return false;
  keys.delete(nameOf(from));
  keys.set(nameOf(to), held);
  return true;
}

function drop(keys: RedisKeys, words: readonly Uint8Array[]): boolean {
  for (const key of words) keys.delete(nameOf(key));
  return true;
}

function clear(keys: RedisKeys): boolean {
  keys.clear();
  return true;
}

function expire(
  keys: RedisKeys,
  [key, time, ...options]: readonly Uint8Array[],
  unit: number,
  nowMs: number,
): boolean {
  const expiresAtMs = timeOf(time, unit, nowMs);
  if (Number.isNaN(expiresAtMs) || options.length > 0) return false;
  return change(keys, key, ({ value }) => ({ value, expiresAtMs }));
}

interface RedisString {
  readonly value: Uint8Array;
  readonly expiresAtMs: number | null;
}

/** Of a string that is there; of anything else nothing is changed that would be stored. */
function change(
  keys: RedisKeys,
  key: Uint8Array | undefined,
  make: (old: RedisString) => RedisString,
): boolean {
  if (key === undefined) return false;
  const held = keys.get(nameOf(key));
  if (held?.kind === 'string') keys.set(nameOf(key), { kind: 'string', ...make(held) });
  return true;
}

function add(keys: RedisKeys, key: Uint8Array | undefined, by: bigint | null): boolean {
  if (key === undefined || by === null) return false;
  const held = keys.get(nameOf(key));
  if (held?.kind === 'other') return true;
  const old = held === undefined ? 0n : wholeOf(held.value);
  if (old === null) return false;
  const value = Buffer.from(String(old + by));
  return store(keys, key, value, held?.expiresAtMs ?? null);
}

function wholeOf(word: Uint8Array | undefined, sign = 1n): bigint | null {
  const text = word === undefined ? '' : shownKey(word);
  return /^-?\d{1,19}$/.test(text) ? BigInt(text) * sign : null;
}

/** NaN where it is no time. */
function timeOf(word: Uint8Array | undefined, unit: number, nowMs: number): number {
  const whole = wholeOf(word);
  return whole === null ? Number.NaN : nowMs + Number(whole) * unit;
}

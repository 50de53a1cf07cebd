/** What commands of Redis make of keys, as far as keys are strings. */
import { Buffer } from 'node:buffer';
import { shownKey } from './items.ts';
import {
  appended,
  certain,
  moveKey,
  nameOf,
  type RedisKeys,
  type RedisString,
} from './redis-keys.ts';
import { runUnknown } from './redis-unknown.ts';

/** These change no key. */
const harmless = new Set([
  ...['PING', 'AUTH', 'HELLO', 'CLIENT', 'COMMAND', 'PUBLISH', 'SPUBLISH'],
  ...['WATCH', 'UNWATCH', 'SCRIPT', 'FUNCTION'],
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
  runUnknown(keys, name, words);
}

const setOptions = new Set(['EX', 'PX', 'EXAT', 'PXAT']);
/** With them SET does something else where the key is there, or is no string. */
const building = new Set(['NX', 'XX', 'KEEPTTL', 'GET']);

const handlers: Readonly<Record<string, Handler>> = {
  SET: set,
  SETEX: (keys, [key, seconds, value], nowMs) =>
    store(keys, key, value, timeOf(seconds, 1000, nowMs)),
  PSETEX: (keys, [key, ms, value], nowMs) => store(keys, key, value, timeOf(ms, 1, nowMs)),
  SETNX: (keys, [key, value]) =>
    key !== undefined && (keys.settle(nameOf(key)) !== undefined || store(keys, key, value, null)),
  // Refused where the key is no string.
  GETSET: (keys, [key, value]) =>
    key !== undefined &&
    (keys.settle(nameOf(key))?.kind === 'other' || store(keys, key, value, null)),
  MSET: storeAll,
  MSETNX: storeAllNew,
  RENAME: rename,
  RENAMENX: (keys, [from, to]) => {
    if (from === undefined || to === undefined) return false;
    moveKey(keys, nameOf(from), keys, nameOf(to), 'keys changed by RENAMENX');
    return true;
  },
  DEL: drop,
  UNLINK: drop,
  GETDEL: drop,
  EXPIRE: (keys, words, nowMs) => expire(keys, words, 1000, nowMs),
  PEXPIRE: (keys, words, nowMs) => expire(keys, words, 1, nowMs),
  EXPIREAT: (keys, words) => expire(keys, words, 1000, 0),
  PEXPIREAT: (keys, words) => expire(keys, words, 1, 0),
  PERSIST: (keys, [key]) => change(keys, key, ({ parts }) => ({ parts, expiresAtMs: null })),
  INCR: (keys, [key]) => add(keys, key, 1n),
  DECR: (keys, [key]) => add(keys, key, -1n),
  INCRBY: (keys, [key, by]) => add(keys, key, wholeOf(by)),
  DECRBY: (keys, [key, by]) => add(keys, key, wholeOf(by, -1n)),
  APPEND: (keys, [key, more = new Uint8Array(0)]) =>
    key !== undefined && keys.settle(nameOf(key)) !== undefined
      ? change(keys, key, (old) => ({ ...old, parts: appended(old.parts, more) }))
      : store(keys, key, more, null),
  FLUSHDB: (keys) => {
    keys.clear();
    return true;
  },
};

/** False where a word is missing: then the command is one that is not known. */
function store(
  keys: RedisKeys,
  key: Uint8Array | undefined,
  value: Uint8Array | undefined,
  expiresAtMs: number | null,
): boolean {
  if (key === undefined || value === undefined || Number.isNaN(expiresAtMs)) return false;
  keys.set(nameOf(key), { kind: 'string', parts: [value], expiresAtMs });
  return true;
}

function storeAll(keys: RedisKeys, words: readonly Uint8Array[]): boolean {
  for (let at = 0; at < words.length; at += 2) {
    if (!store(keys, words[at], words[at + 1], null)) return false;
  }
  return true;
}

/** All where none is there, or none. */
function storeAllNew(keys: RedisKeys, words: readonly Uint8Array[]): boolean {
  const names = words.filter((_, at) => at % 2 === 0).map(nameOf);
  const held = names.map((name) => keys.get(name)?.kind);
  if (held.includes('string')) return true;
  if (held.every((kind) => kind === undefined)) return storeAll(keys, words);
  const what = 'keys changed by MSETNX';
  for (const name of names) keys.set(name, { kind: 'other', what });
  return true;
}

function set(keys: RedisKeys, words: readonly Uint8Array[], nowMs: number): boolean {
  const [key, value, ...options] = words;
  if (key === undefined) return false;
  let expiresAtMs: number | null = null;
  for (let at = 0; at < options.length; at += 1) {
    const option = shownKey(options[at] ?? new Uint8Array(0)).toUpperCase();
    const held = building.has(option) ? keys.settle(nameOf(key)) : undefined;
    // Whether it is there, as what and for how long, is not known.
    if (held?.kind === 'other') return true;
    if (option === 'NX' && held !== undefined) return true;
    if (option === 'XX' && held === undefined) return true;
    if (option === 'KEEPTTL') expiresAtMs = held?.kind === 'string' ? held.expiresAtMs : null;
    else if (setOptions.has(option)) {
      const unit = option.startsWith('P') ? 1 : 1000;
      expiresAtMs = timeOf(options[at + 1], unit, option.endsWith('AT') ? 0 : nowMs);
      at += 1;
    } else if (!building.has(option)) return false;
  }
  return store(keys, key, value, expiresAtMs);
}

function rename(keys: RedisKeys, [from, to]: readonly Uint8Array[]): boolean {
  const held = from === undefined ? undefined : keys.get(nameOf(from));
  if (from === undefined || to === undefined || held === undefined) return false;
  keys.delete(nameOf(from));
  keys.set(nameOf(to), certain(held));
  return true;
}

function drop(keys: RedisKeys, words: readonly Uint8Array[]): boolean {
  for (const key of words) keys.delete(nameOf(key));
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
  return change(keys, key, ({ parts }) => ({ parts, expiresAtMs }));
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
  const held = keys.settle(nameOf(key));
  if (held !== undefined && held.kind !== 'string') return true;
  const old = held === undefined ? 0n : wholeOf(Buffer.concat(held.parts));
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

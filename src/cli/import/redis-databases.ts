/**
 * All databases of a Redis while commands are run on them: what commands do that is not of one
 * database alone, and transactions, of which a file that is cut off must not leave a half.
 */
import { DsmError } from '../../core/errors.ts';
import { wrong } from './byte-reader.ts';
import { shownKey } from './items.ts';
import { certain, type Meter, moveKey, nameOf, overheadBytes, RedisKeys } from './redis-keys.ts';
import { runCommand } from './redis-replay.ts';

/** All maps together: a data set that is larger does not fit into a cluster with default limits. */
const replayBytesMax = 1024 * 1024 * 1024;

type Words = readonly Uint8Array[];

export class RedisDatabases {
  readonly #nowMs: number;
  readonly #bytesMax: number;
  readonly #meter: Meter = { bytes: 0 };
  readonly #databases = new Map<number, RedisKeys>();
  #current = 0;
  /** Commands since MULTI, which are run at EXEC; null outside of a transaction. */
  #queued: Words[] | null = null;
  #queuedBytes = 0;

  constructor(nowMs: number, bytesMax = replayBytesMax) {
    this.#nowMs = nowMs;
    this.#bytesMax = bytesMax;
  }

  get isInTransaction(): boolean {
    return this.#queued !== null;
  }

  [Symbol.iterator](): IterableIterator<[number, RedisKeys]> {
    return this.#databases.entries();
  }

  /** One command, its name first; throws `too_large`, and `invalid_request` with `offset`. */
  run(command: Words, offset: number): void {
    const name = nameOfCommand(command);
    if (name === 'MULTI') this.#queued ??= [];
    else if (name === 'EXEC') this.#end((queued) => this.#runNow(queued, offset));
    else if (name === 'DISCARD') this.#end(() => {});
    else if (this.#queued === null) this.#runNow(command, offset);
    else {
      this.#queued.push(command);
      for (const word of command) this.#queuedBytes += word.length + overheadBytes;
    }
    if (this.#meter.bytes + this.#queuedBytes > this.#bytesMax) throw tooLarge(this.#bytesMax);
  }

  #end(onEach: (command: Words) => void): void {
    const queued = this.#queued ?? [];
    this.#queued = null;
    this.#queuedBytes = 0;
    for (const command of queued) onEach(command);
  }

  #runNow(command: Words, offset: number): void {
    const [, ...words] = command;
    switch (nameOfCommand(command)) {
      case 'SELECT':
        this.#current = databaseOf('SELECT', words[0], offset);
        return;
      case 'FLUSHALL':
        for (const keys of this.#databases.values()) keys.clear();
        return;
      case 'SWAPDB':
        return this.#swap(words, offset);
      case 'MOVE':
        return this.#move(words, offset);
      case 'COPY':
        return this.#copy(words, offset);
      default:
        runCommand(this.#keysOf(this.#current), command, this.#nowMs);
    }
  }

  #keysOf(database: number): RedisKeys {
    const held = this.#databases.get(database);
    if (held !== undefined) return held;
    const keys = new RedisKeys(this.#meter);
    this.#databases.set(database, keys);
    this.#meter.bytes += overheadBytes;
    return keys;
  }

  #swap([one, other]: Words, offset: number): void {
    const [a, b] = [databaseOf('SWAPDB', one, offset), databaseOf('SWAPDB', other, offset)];
    const [keysOfA, keysOfB] = [this.#keysOf(a), this.#keysOf(b)];
    this.#databases.set(a, keysOfB).set(b, keysOfA);
  }

  #move([key, database]: Words, offset: number): void {
    const target = this.#keysOf(databaseOf('MOVE', database, offset));
    const name = nameOf(key ?? new Uint8Array(0));
    moveKey(this.#keysOf(this.#current), name, target, name, 'keys changed by MOVE');
  }

  /** `COPY from to [DB number] [REPLACE]` */
  #copy([from, to, ...options]: Words, offset: number): void {
    if (from === undefined || to === undefined) throw wrong('COPY names no two keys', offset);
    let target = this.#keysOf(this.#current);
    let isReplacing = false;
    for (let at = 0; at < options.length; at += 1) {
      const option = shownKey(options[at] ?? new Uint8Array(0)).toUpperCase();
      if (option === 'REPLACE') isReplacing = true;
      else if (option === 'DB') {
        at += 1;
        target = this.#keysOf(databaseOf('COPY … DB', options[at], offset));
      } else throw wrong(`COPY has no option ${JSON.stringify(option)}`, offset);
    }
    const held = this.#keysOf(this.#current).get(nameOf(from));
    if (held === undefined) return target.taint(nameOf(to), 'keys changed by COPY');
    if (isReplacing || target.settle(nameOf(to)) === undefined) {
      target.set(nameOf(to), certain(held));
    }
  }
}

function nameOfCommand([name = new Uint8Array(0)]: Words): string {
  return shownKey(name).toUpperCase();
}

function databaseOf(command: string, number: Uint8Array | undefined, offset: number): number {
  const text = number === undefined ? '' : shownKey(number);
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw wrong(`${command} ${JSON.stringify(text)} names no database`, offset);
}

function tooLarge(bytesMax: number): DsmError {
  const text = `the commands leave more than ${bytesMax} bytes; import a dump.rdb, which is not held in memory`;
  return new DsmError('too_large', text);
}

/**
 * What happened in a run, in order: a hash that two runs of one seed must share, on every runtime,
 * and on request a story for people.
 *
 * The hash covers the time of every event, every call and answer between nodes, every fault and
 * every operation of a client: two runs that differ in anything that a node did differ in it.
 */
import type { PeerAnswer, PeerCall } from '../ports/peers.ts';

/** Where a line of the story goes. */
export type Tell = (line: string) => void;

export class Trace {
  readonly #tell: Tell | null;
  readonly #time = new Float64Array(1);
  readonly #timeWords = new Uint32Array(this.#time.buffer);
  readonly #names = new Map<string, number>();
  #nowMs = 0;
  /** Two lanes of FNV-1a over words, with different primes: 64 bits together. */
  #low = 0x811c9dc5;
  #high = 0x2f0b4c47;

  constructor(tell: Tell | null = null) {
    this.#tell = tell;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const digits = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
    return digits(this.#high) + digits(this.#low);
  }

  event(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#time[0] = nowMs;
    this.#mix(this.#timeWords[0]!);
    this.#mix(this.#timeWords[1]!);
  }

  call(from: string, to: string, { name, body, message }: PeerCall): void {
    this.#mix(this.#nameOf(from));
    this.#mix(this.#nameOf(to));
    this.#mix(this.#nameOf(name));
    this.#mix(body?.length ?? 0);
    if (this.#tell !== null) this.#say(`${host(from)} → ${host(to)} ${name} ${show(message)}`);
  }

  answer(from: string, to: string, { name }: PeerCall, { status, body, message }: PeerAnswer) {
    this.#mix(this.#nameOf(from));
    this.#mix(status);
    this.#mix(body?.length ?? 0);
    if (this.#tell !== null) {
      this.#say(`${host(to)} ← ${host(from)} ${name} ${status} ${show(message)}`);
    }
  }

  /** A fault, an operation of a client, the life or death of a node. */
  note(line: string): void {
    for (let i = 0; i < line.length; i += 1) this.#mix(line.charCodeAt(i));
    this.#say(line);
  }

  /** A line of the story that is not part of the hash: what a node logged. */
  comment(line: string): void {
    this.#say(line);
  }

  get isTold(): boolean {
    return this.#tell !== null;
  }

  #say(line: string): void {
    this.#tell?.(`${this.#nowMs.toFixed(3).padStart(11)} ${line}`);
  }

  #nameOf(name: string): number {
    let number = this.#names.get(name);
    if (number === undefined) {
      number = this.#names.size + 1;
      this.#names.set(name, number);
    }
    return number;
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ word, 0x85ebca6b);
    this.#high ^= this.#high >>> 15;
  }
}

function host(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

const shownChars = 200;

function show(message: object): string {
  const json = JSON.stringify(message);
  return json.length <= shownChars ? json : `${json.slice(0, shownChars)}…`;
}

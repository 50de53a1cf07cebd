/** Bytes that come in chunks, read piece by piece; holds no more than a chunk and what is asked for. */
import { Buffer } from 'node:buffer';
import { DsmError } from '../../core/errors.ts';

const nothing = new Uint8Array(0);
const newline = 10;

export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = nothing;
  #at = 0;
  /** Bytes read so far. */
  offset = 0;
  /** Is shown everything that is read, in order. */
  onBytes: (bytes: Uint8Array) => void = () => {};

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next byte, which stays; null at the end. */
  async peek(): Promise<number | null> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#source.next();
      if (next.done === true) return null;
      this.#chunk = next.value;
      this.#at = 0;
    }
    return this.#chunk[this.#at] ?? null;
  }

  /** A view where it lies in one chunk. Throws `invalid_request` at the end. */
  async take(count: number): Promise<Uint8Array> {
    const first = await this.#some(count);
    if (first.length === count) return first;
    const parts = [first];
    for (let length = first.length; length < count; ) {
      const part = await this.#some(count - length);
      parts.push(part);
      length += part.length;
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  async byte(): Promise<number> {
    return (await this.take(1))[0] ?? 0;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) left -= (await this.#some(left)).length;
  }

  /** Without its end, LF or CRLF; null at the end. Throws `invalid_request` where it is too long. */
  async line(bytesMax: number): Promise<Uint8Array | null> {
    if ((await this.peek()) === null) return null;
    const parts: Uint8Array[] = [];
    let length = 0;
    while ((await this.peek()) !== null) {
      const end = this.#chunk.indexOf(newline, this.#at);
      const part = this.#advance((end < 0 ? this.#chunk.length : end + 1) - this.#at);
      parts.push(part);
      length += part.length;
      if (length > bytesMax) throw wrong(`a line has more than ${bytesMax} bytes`, this.offset);
      if (end >= 0) break;
    }
    const line = parts.length === 1 ? (parts[0] ?? nothing) : new Uint8Array(Buffer.concat(parts));
    const isEnded = line.at(-1) === newline;
    const isCr = isEnded && line.at(-2) === 13;
    return line.subarray(0, line.length - (isCr ? 2 : isEnded ? 1 : 0));
  }

  /** Up to `count` bytes, at least one where `count` is not 0. */
  async #some(count: number): Promise<Uint8Array> {
    if (count === 0) return nothing;
    if ((await this.peek()) === null) throw wrong('the file ends too early', this.offset);
    return this.#advance(Math.min(count, this.#chunk.length - this.#at));
  }

  #advance(count: number): Uint8Array {
    const part = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += count;
    this.offset += count;
    this.onBytes(part);
    return part;
  }
}

/** For a file that cannot be gone on with; `offset` is where. */
export function wrong(reason: string, offset: number): DsmError {
  return new DsmError('invalid_request', `${reason} (at byte ${offset})`);
}

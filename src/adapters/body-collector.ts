/**
 * Puts a body together within a bound. Bytes are copied as they come: a list of chunks would let a
 * sender of single bytes make this process hold a hundred times what it sent, and chunks may be
 * views of large buffers of a socket.
 */
export class BodyCollector {
  readonly #bytesMax: number;
  #buffer = new Uint8Array(0);
  #length = 0;
  #announced = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** So many bytes shall come: room for all of them is made at once. What comes may differ. */
  expect(bytes: number): void {
    if (bytes <= this.#bytesMax) this.#announced = bytes;
  }

  /** False where the body has become too long; the chunk is not kept then. */
  push(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#bytesMax) return false;
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  #grow(lengthMin: number): void {
    const doubled = Math.min(this.#bytesMax, this.#buffer.length * 2);
    const grown = new Uint8Array(Math.max(lengthMin, doubled, this.#announced));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  /** Exactly the bytes, in a buffer of their own. */
  take(): Uint8Array {
    return this.#length === this.#buffer.length
      ? this.#buffer
      : this.#buffer.slice(0, this.#length);
  }
}

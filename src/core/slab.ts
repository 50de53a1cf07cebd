/**
 * Room for batches, one behind the other in large buffers. A buffer for each batch would have to be
 * larger than the batch, and is dear to make: it is zeroed, and one more thing that the garbage
 * collector must know of.
 */

const slabBytes = 256 * 1024;

/** More has a buffer of its own: an eighth of a buffer at most is left over. */
const sharedBytesMax = slabBytes / 8;

export class Slab {
  #buffer = new ArrayBuffer(0);
  #used = 0;

  /** At least `bytes`: what is left of the shared buffer, or a new one. */
  room(bytes: number): Uint8Array {
    if (bytes > sharedBytesMax) return new Uint8Array(bytes);
    if (this.#buffer.byteLength - this.#used < bytes) {
      this.#buffer = new ArrayBuffer(slabBytes);
      this.#used = 0;
    }
    return new Uint8Array(this.#buffer, this.#used);
  }

  /** `bytes` were written where there was room, and stay; or outgrew it, and lie elsewhere. */
  keep(bytes: Uint8Array): void {
    if (bytes.buffer === this.#buffer) this.#used = bytes.byteOffset + bytes.byteLength;
  }
}

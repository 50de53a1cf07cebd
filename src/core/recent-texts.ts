/**
 * Texts that come again and again in what is read, as content types do. To compare bytes is cheaper
 * than to make a text of them, and equal texts are one in memory.
 */

/** Longer ones are not remembered. */
const bytesMax = 64;

interface KnownText {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Remembers the last text of each length up to 64 bytes. */
export class RecentTexts {
  readonly #byLength: (KnownText | undefined)[] = new Array(bytesMax + 1).fill(undefined);

  /** The text of the `length` bytes at `at`, null where it is not remembered. */
  find(bytes: Uint8Array, at: number, length: number): string | null {
    const known = this.#byLength[length];
    if (known === undefined) return null;
    for (let i = 0; i < length; i += 1) {
      if (known.bytes[i] !== bytes[at + i]) return null;
    }
    return known.text;
  }

  /** Keeps `bytes`, which must be of its own. */
  note(bytes: Uint8Array, text: string): void {
    if (bytes.length <= bytesMax) this.#byLength[bytes.length] = { bytes, text };
  }
}

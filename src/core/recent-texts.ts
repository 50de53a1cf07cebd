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

  /** `text` is what the `length` bytes at `at` say; keeps a copy of them. */
  note(bytes: Uint8Array, at: number, length: number, text: string): void {
    if (length > bytesMax) return;
    this.#byLength[length] = { bytes: bytes.slice(at, at + length), text };
  }
}

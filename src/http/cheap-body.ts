/**
 * The body of a short answer, in the form that costs least. Node writes a text and the headers before
 * it at once, where bytes are a second piece; Deno copies bytes twice, and a text once. On Bun bytes
 * cost no more, and this is not used.
 */

import type { EntryView } from '../node/api.ts';

/** Above this, making a text costs more than it saves. */
const textBytesMax = 4096;

/** So many bodies are kept: 4 MiB of them at most, and their keys. */
const keptMax = 1024;

const decoder = new TextDecoder();

/** A text only where its encoding is exactly `bytes`: where all of them are ASCII. */
export function cheapBody(bytes: Uint8Array): string | Uint8Array {
  if (bytes.length <= textBytesMax) {
    const text = decoder.decode(bytes);
    if (isAscii(text, bytes.length)) return text;
  }
  return bytes;
}

interface Kept {
  readonly key: string;
  readonly revision: number;
  readonly text: string;
}

/**
 * Texts of values that are read again and again. Under one master no two values have one key and one
 * revision; across masters that is so unless somebody gave up records (`force-config`).
 */
export class CheapBodies {
  readonly #kept: (Kept | undefined)[] = Array.from({ length: keptMax });
  #epoch = 0;

  /** `epoch` of the master that says what is stored under `key`. */
  of(
    epoch: number,
    key: string,
    { revision, value }: Pick<EntryView, 'revision' | 'value'>,
  ): string | Uint8Array {
    if (epoch !== this.#epoch) this.#kept.fill(undefined);
    this.#epoch = epoch;
    const place = revision % keptMax;
    const kept = this.#kept[place];
    if (kept !== undefined && kept.revision === revision && kept.key === key) return kept.text;
    const body = cheapBody(value);
    if (typeof body === 'string') this.#kept[place] = { key, revision, text: body };
    return body;
  }
}

/**
 * `text` is what a decoder made of `byteCount` bytes: characters beyond ASCII have more bytes than
 * units, and a byte that is no character became U+FFFD.
 */
function isAscii(text: string, byteCount: number): boolean {
  return text.length === byteCount && !text.includes('\ufffd');
}

/**
 * The body of a short answer, in the form that costs least. Node writes a text and the headers before
 * it at once, where bytes are a second piece; Deno copies bytes twice, and a text once. On Bun bytes
 * cost no more, and this is not used.
 */

/** Above this, making a text costs more than it saves. */
const textBytesMax = 4096;

const decoder = new TextDecoder();

/** A text only where its encoding is exactly `bytes`: where all of them are ASCII. */
export function cheapBody(bytes: Uint8Array): string | Uint8Array {
  if (bytes.length <= textBytesMax) {
    const text = decoder.decode(bytes);
    if (isAscii(text, bytes.length)) return text;
  }
  return bytes;
}

/**
 * `text` is what a decoder made of `byteCount` bytes: characters beyond ASCII have more bytes than
 * units, and a byte that is no character became U+FFFD.
 */
function isAscii(text: string, byteCount: number): boolean {
  return text.length === byteCount && !text.includes('\ufffd');
}

/**
 * Values that prove themselves: `key|writer|sequence|checksum|padding`. Who reads one knows whether
 * it belongs to the key, who wrote it and when, and whether a byte is missing: a server cannot look
 * fast by answering with something else.
 */

/** Writer 0 is the preload; clients are writers 1…N. */
export interface Stamp {
  readonly key: string;
  readonly writer: number;
  /** Counts the writes of one writer, from 0. */
  readonly sequence: number;
}

export type Decoded =
  | { readonly ok: true; readonly writer: number; readonly sequence: number }
  /** `malformed`: no value at all, so the server answered with something else. */
  | { readonly ok: false; readonly malformed: boolean; readonly fault: string };

/** Room for the longest key, writer and sequence of a run. */
export const valueBytesMin = 48;
export const valueBytesMax = 1024 * 1024;

const pattern = '0123456789abcdef';
let paddings = pattern;

/** The one padding of a length: compared as a whole, so that it is checked at native speed. */
function padding(length: number): string {
  while (paddings.length < length) paddings += paddings;
  return paddings.slice(0, length);
}

/** FNV-1a, 32 bits, as eight hexadecimal digits. The text is ASCII. */
export function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Exactly `valueBytes` ASCII characters. Throws where the stamp does not fit. */
export function encodeValue(stamp: Stamp, valueBytes: number): string {
  const head = `${stamp.key}|${stamp.writer}|${stamp.sequence}`;
  const proof = `${head}|${checksum(head)}|`;
  if (proof.length > valueBytes) {
    throw new Error(`a value of ${valueBytes} bytes has no room for "${proof}"`);
  }
  return proof + padding(valueBytes - proof.length);
}

/** Checks every byte of a value that was read for `key`. */
export function decodeValue(text: string, key: string, valueBytes: number): Decoded {
  const wrong = (fault: string, malformed = false) => ({ ok: false, malformed, fault }) as const;
  if (text.length !== valueBytes) return wrong(`${text.length} bytes, not ${valueBytes}`, true);
  const [foundKey, writer, sequence, sum] = text.split('|', 4);
  if (sum === undefined) return wrong('no value', true);
  if (foundKey !== key) return wrong(`the value of ${foundKey}`);
  const head = `${foundKey}|${writer}|${sequence}`;
  if (sum !== checksum(head)) return wrong('the checksum does not match');
  const proofLength = head.length + sum.length + 2;
  if (text.slice(proofLength) !== padding(valueBytes - proofLength)) {
    return wrong('the padding is damaged');
  }
  return { ok: true, writer: Number(writer), sequence: Number(sequence) };
}

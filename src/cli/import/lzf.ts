/**
 * LZF, as Redis compresses strings in its dumps (the format of Marc Lehmann's LibLZF): a control byte
 * begins either a run of plain bytes, or a copy of what was written before.
 */

/** Null where the bytes are no such text of `length`. */
export function decompressLzf(bytes: Uint8Array, length: number): Uint8Array | null {
  const out = new Uint8Array(length);
  let to = 0;
  for (let at = 0; at < bytes.length; ) {
    const control = bytes[at++] ?? 0;
    if (control < 32) {
      const count = control + 1;
      if (at + count > bytes.length || to + count > length) return null;
      out.set(bytes.subarray(at, at + count), to);
      at += count;
      to += count;
      continue;
    }
    let count = control >> 5;
    if (count === 7) count += bytes[at++] ?? 0;
    count += 2;
    const back = ((control & 31) << 8) + (bytes[at++] ?? 0) + 1;
    if (at > bytes.length || back > to || to + count > length) return null;
    // Byte by byte: what is copied may be what is being written.
    for (let i = 0; i < count; i += 1, to += 1) out[to] = out[to - back] ?? 0;
  }
  return to === length ? out : null;
}

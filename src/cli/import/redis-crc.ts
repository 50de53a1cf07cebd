/** CRC-64 as Redis writes it at the end of a dump: polynomial of Jones, reflected, in two halves. */
const polynomialHigh = 0x95ac9329;
const polynomialLow = 0xac4bc9b5;

const tableHigh = new Uint32Array(256);
const tableLow = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    const isOdd = (low & 1) === 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high >>>= 1;
    if (!isOdd) continue;
    high ^= polynomialHigh;
    low ^= polynomialLow;
  }
  tableHigh[byte] = high;
  tableLow[byte] = low;
}

export class RedisCrc {
  #high = 0;
  #low = 0;

  add(bytes: Uint8Array): void {
    let [high, low] = [this.#high, this.#low];
    for (const byte of bytes) {
      const index = (low ^ byte) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (tableLow[index] ?? 0);
      high = (high >>> 8) ^ (tableHigh[index] ?? 0);
    }
    [this.#high, this.#low] = [high >>> 0, low >>> 0];
  }

  /** As it stands in a file: eight bytes, little endian. */
  get bytes(): Uint8Array {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#low, true);
    view.setUint32(4, this.#high, true);
    return bytes;
  }
}

/** Randomness of the operating system, by Web Crypto: the same on every runtime. */
import type { Random } from '../ports/random.ts';

/** 32 letters and digits that are not mistaken for each other: five bits each. */
const alphabet = 'abcdefghjkmnpqrstvwxyz0123456789';

/** 20 characters carry 100 bits. */
const idLength = 20;

/** Words drawn at once: a call to the operating system for each would cost more than its use. */
const poolWords = 256;

export function createSystemRandom(): Random {
  const pool = new Uint32Array(poolWords);
  let used = poolWords;
  const word = (): number => {
    if (used === poolWords) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    const drawn = pool[used] ?? 0;
    used += 1;
    return drawn;
  };
  const fiveLetters = (): string => {
    const bits = word();
    let letters = '';
    for (let shift = 0; shift < 25; shift += 5) letters += alphabet[(bits >>> shift) & 31];
    return letters;
  };
  return {
    next: () => word() / 2 ** 32,
    id() {
      let id = '';
      while (id.length < idLength) id += fiveLetters();
      return id;
    },
  };
}

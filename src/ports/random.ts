/** Randomness. The simulator seeds it; a real node draws from the operating system. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A fresh identifier, unique for all practical purposes: 1–64 characters of [0-9a-z-]. */
  id(): string;
}

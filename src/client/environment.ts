/**
 * What the client takes from its surroundings, so that tests can give it virtual time and fixed
 * randomness. Only web standards: this folder runs in browsers as well as on servers.
 */
export interface Environment {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Never goes backwards; may have a fraction. */
  monotonicMs(): number;
  /** Fires once, after `delayMs`; the function returned cancels it. Keeps a process alive. */
  setTimer(delayMs: number, onFire: () => void): () => void;
  /** Uniform in [0, 1); spreads retries. */
  random(): number;
  /** A fresh idempotency key: 32 hexadecimal digits. */
  newKey(): string;
}

/** Browsers have `crypto.randomUUID` in secure contexts only; random bytes are everywhere. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export const realEnvironment: Environment = Object.freeze({
  fetch: (url: string, init: RequestInit) => fetch(url, init),
  monotonicMs: () => performance.now(),
  setTimer(delayMs: number, onFire: () => void) {
    const timer = setTimeout(onFire, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  newKey,
});

/** What a server allows a client: time, bytes, connections. */
export interface ServerLimits {
  /** From the first byte of a request to the end of its headers. Not enforced by Bun and Deno. */
  readonly headersMs: number;
  /** From the first byte of a request to its last. On Deno the app watches bodies by itself. */
  readonly requestMs: number;
  /** A connection without a request is closed after it. Longer than our own clients keep one. */
  readonly keepAliveMs: number;
  /** How often the times above are looked at, on Node. */
  readonly checkMs: number;
  readonly connectionsMax: number;
  /** Refused by the runtime itself; the app has smaller bounds for each kind of body. */
  readonly bodyBytesMax: number;
  /** Running requests may end for so long when the server closes. */
  readonly closeMs: number;
}

export const defaultServerLimits: ServerLimits = Object.freeze({
  headersMs: 5000,
  requestMs: 15_000,
  keepAliveMs: 65_000,
  checkMs: 1000,
  connectionsMax: 10_000,
  bodyBytesMax: 64 * 1024 * 1024,
  closeMs: 5000,
});

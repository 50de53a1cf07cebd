/** An HTTP request of one node to another. */
export interface OutboundRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Raw path and query, starting with `/`; sent as it is. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
}

export interface InboundReply {
  readonly status: number;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  /** All headers, lower-case names. */
  headers(): Record<string, string>;
  readonly body: Uint8Array;
}

/**
 * Why there is no answer. `refused`: no connection was made, so the request certainly had no effect.
 * `broken`: the connection ended after the request may have been sent. `timeout`: no complete answer
 * in time. After the last two the effect is unknown.
 */
export type TransportFailure = 'refused' | 'broken' | 'timeout';

export type TransportDone = (failure: TransportFailure | null, reply: InboundReply | null) => void;

/**
 * Requests between nodes over keep-alive HTTP/1.1.
 *
 * Contract: `done` is called exactly once, never synchronously inside `send`, with a failure or a
 * reply of any status. Requests may be delivered twice (Bun and Deno re-send on a broken keep-alive
 * socket) and in any order. Redirects are not followed. An answer longer than `replyBytesMax` of the
 * adapter counts as `broken`.
 */
export interface Transport {
  send(baseUrl: string, request: OutboundRequest, done: TransportDone): void;
  /** Ends idle connections; requests under way fail as `broken`. */
  close(): void;
}

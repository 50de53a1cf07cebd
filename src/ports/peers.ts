import type { TransportFailure } from './transport.ts';

/** The calls between nodes; `http/peer-routes.ts` says which path and method each one has. */
export type PeerCallName =
  | 'append'
  | 'log'
  | 'log-offset'
  | 'snapshot'
  | 'promise'
  | 'probe'
  | 'handoff'
  | 'register'
  | 'hello'
  | 'read-index'
  | 'read';

export interface PeerCall {
  readonly name: PeerCallName;
  /** Small and JSON; checked by the receiver. */
  readonly message: object;
  /** Frames of records, byte for byte. */
  readonly body?: Uint8Array;
  readonly timeoutMs: number;
}

export interface PeerAnswer {
  /** As in HTTP. */
  readonly status: number;
  readonly message: object;
  readonly body?: Uint8Array;
}

export type PeerDone = (failure: TransportFailure | null, answer: PeerAnswer | null) => void;

/**
 * Calls from one node to another.
 *
 * Contract: as `Transport` — `done` exactly once, never synchronously; a call may arrive twice, late
 * and out of order. What an answer says is checked by the caller: it may come from another process
 * that took over the port.
 */
export interface Peers {
  call(baseUrl: string, call: PeerCall, done: PeerDone): void;
}

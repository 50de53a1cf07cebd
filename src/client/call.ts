/** What one call is, and how a client makes calls. */
import { DsmError } from '../core/errors.ts';
import type { Environment } from './environment.ts';
import type { MasterChange } from './nodes.ts';
import type { Problem, Reply } from './reply.ts';

export interface CallerOptions {
  readonly masters: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  readonly replyBytesMax: number;
  /** Ends every call of this client. */
  readonly signal: AbortSignal | undefined;
  readonly environment: Environment;
  readonly onMasterChange: (change: MasterChange) => void;
  /** Default `active`. */
  readonly readFrom?: ReadFrom | undefined;
}

/** Where to read: at the active master, or at whichever node is near. */
export type ReadFrom = 'active' | 'nearest';

export interface Call {
  /** For messages: `WRITE "k"`. */
  readonly title: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  /** True where an attempt without an answer may have changed something. */
  readonly isMutation: boolean;
  /** False where there is no idempotency key: after an attempt that may count it is over. */
  readonly isRepeatable?: boolean | undefined;
  /** The answer is wanted as a stream: its time ends when the headers are there. */
  readonly isStream?: boolean | undefined;
  /** True for an answer that is no failure, but for who asked. */
  readonly isExpected?: ((reply: Reply) => boolean) | undefined;
  /**
   * Why an answer is not whole yet; null where it is. The same is asked again then, and when the
   * time is over the answer is given as it is.
   */
  readonly lackOf?: ((reply: Reply) => Problem | null) | undefined;
  /** A node may take so much longer for it than for other calls. */
  readonly patienceMs?: number | undefined;
  /** A read that any node can answer. */
  readonly isSpread?: boolean | undefined;
  /** Ask this node only. */
  readonly node?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** What `fetch` refuses would be refused for every node. Throws `invalid_request`. */
export function expectHeaders(headers: Readonly<Record<string, string>>): void {
  try {
    new Headers(headers);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DsmError('invalid_request', `the headers cannot be sent: ${reason}`, { cause });
  }
}

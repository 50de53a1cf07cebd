/**
 * What the simulated clients ask for beside plain reads and writes, and what they are told: the same
 * by the interface of a node (`direct-calls.ts`) and over HTTP (`http-calls.ts`).
 */
import type { Outcome } from '../../core/errors.ts';
import type { TxnCommand } from '../../core/operations.ts';
import type { Result } from '../../core/result.ts';
import type { SessionCommand } from '../../core/session-command.ts';
import type { Endpoint } from '../sim-network.ts';

export type Txn = Pick<TxnCommand, 'compares' | 'operations' | 'otherwise'>;

export interface SessionCall {
  readonly act: Exclude<SessionCommand['act'], 'expire'>;
  readonly session: number;
  readonly lock: string;
  readonly ttlMs: number;
  /** Of an `acquire`: so long the call waits for its turn, and keeps its place after that. */
  readonly waitMs: number;
}

export type StateCall =
  | { readonly kind: 'txn'; readonly txn: Txn; readonly requestId: string }
  | { readonly kind: 'session'; readonly call: SessionCall; readonly requestId: string }
  | { readonly kind: 'list'; readonly prefix: string }
  | PollCall;

/** What changed after `from`, as soon as something has, or after `waitMs`. */
export interface PollCall {
  readonly kind: 'poll';
  readonly prefix: string;
  readonly from: number;
  readonly waitMs: number;
}

export type StateReply =
  | {
      readonly kind: 'done';
      readonly status: Result['status'];
      /** Of the change, or the token of a lock; null where the answer does not say it. */
      readonly revision: number | null;
      /** Of a transaction that ran, each operation: `showResult`. */
      readonly results: readonly string[];
      /** It says how the record of this request ended, and not what was waited for. */
      readonly isExact: boolean;
    }
  | { readonly kind: 'listed'; readonly revision: number; readonly shown: readonly string[] }
  | { readonly kind: 'polled'; readonly revision: number; readonly changes: readonly string[] }
  /** The changes since then are not there any more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly outcome: Outcome };

/** Runs a call that has arrived at `endpoint`; `reply` may never be called. */
export type StateWire = (
  endpoint: Endpoint,
  call: StateCall,
  reply: (reply: StateReply) => void,
) => void | Promise<void>;

const decoder = new TextDecoder();

export function showResults({ results }: Pick<Result, 'results'>): string[] {
  return (results ?? []).map(({ status, revision, value }) =>
    showResult(status, revision, value === null ? '' : decoder.decode(value)),
  );
}

export function showResult(status: string, revision: number, text: string): string {
  return `${status}@${revision}=${text}`;
}

/** The value within what `showResult` made. */
export function textOf(shown = ''): string {
  return shown.slice(shown.indexOf('=') + 1);
}

/** The revision within it. */
export function revisionOf(shown = ''): number {
  return Number(/@(\d+)=/.exec(shown)?.[1]);
}

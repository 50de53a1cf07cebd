/**
 * The way of every change: run where this node is the active master, else sent on to it, with an
 * idempotency key in any case, because the way may deliver twice. How a request that was known
 * before ended is said here; how one that ran ended is said by its route.
 */
import { assert, DsmError } from '../core/errors.ts';
import type { NodeApi, WriteRequest, WriteResult } from '../node/api.ts';
import type { Random } from '../ports/random.ts';
import { answerLater, type Settle } from './answer-later.ts';
import type { Answers } from './answers.ts';
import { type ActiveCall, type Forwarder, isForwarded } from './forward.ts';
import { headerNames } from './headers.ts';
import { parseIdentity, type RequestIdentity } from './request-tag.ts';

export interface ChangesOptions {
  readonly node: NodeApi;
  readonly answers: Answers;
  readonly forwarder: Forwarder;
  readonly random: Random;
}

/** Who asks: read from the request before it may end. */
export interface Caller {
  readonly identity: RequestIdentity | null;
  readonly isForwarded: boolean;
}

export interface Change {
  readonly caller: Caller;
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly body: Uint8Array | null;
  /** The master may take so much longer to answer than for a write. */
  readonly waitMs?: number;
  /** Where it must be sent on: what is sent, beside what this file adds. */
  target(): { readonly path: string; readonly headers: Readonly<Record<string, string>> };
  command(identity: RequestIdentity | null): WriteRequest;
  /** Of a result that is not one of a request known before. */
  answer(result: WriteResult): Response;
}

/** Runs a change here, under the idempotency key that it has by then. */
type RunAs = (
  identity: RequestIdentity | null,
  done: (error: DsmError | null, answer: () => Response) => void,
) => void;

export class Changes {
  readonly #options: ChangesOptions;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** Throws `invalid_request`. */
  caller(headers: Headers): Caller {
    return {
      identity: parseIdentity(headers, this.#options.node.limits.requestIdBytesMax),
      isForwarded: isForwarded(headers),
    };
  }

  run(change: Change): Promise<Response> {
    return answerLater((settle) => this.start(change, settle));
  }

  start(change: Change, settle: Settle): void {
    const { node, answers } = this.#options;
    const run: RunAs = (identity, done) =>
      node.write(change.command(identity), (error, result) =>
        done(error, () => {
          assert(result !== null, 'a write without an error has a result');
          const known = knownBefore(result);
          return known === null ? change.answer(result) : answers.problem(known);
        }),
      );
    this.#options.forwarder.start(this.#callOf(change, run), settle);
  }

  /** The same for what is not one command. */
  runAs(change: Omit<Change, 'command' | 'answer'>, run: RunAs): Promise<Response> {
    return this.#options.forwarder.run(this.#callOf(change, run));
  }

  #callOf(
    { caller, method, body, target, waitMs = 0 }: Omit<Change, 'command' | 'answer'>,
    run: RunAs,
  ): ActiveCall {
    const { node, random } = this.#options;
    let { identity } = caller;
    return {
      isForwarded: caller.isForwarded,
      bodyBytes: body?.length ?? 0,
      isRepeatable: () => identity !== null,
      waitMs,
      runHere: (done) => run(identity, done),
      pack: () => {
        // This node may be the master in the end: then it must be the same request there. With a
        // revision it is refused, and not run twice, where it ran and is forgotten meanwhile.
        const { id = random.id(), keyRevision = 0 } = identity ?? {};
        identity = { id, keyRevision: keyRevision > 0 ? keyRevision : node.keyRevision() };
        const { path, headers } = target();
        const all = { ...headers, ...headersOf(identity) };
        return { method, path, headers: all, ...(body === null ? {} : { body }) };
      },
    };
  }
}

function headersOf({ id, keyRevision }: RequestIdentity): Readonly<Record<string, string>> {
  const key = { [headerNames.idempotencyKey]: `"${id}"` };
  return keyRevision === 0 ? key : { ...key, [headerNames.keyRevision]: String(keyRevision) };
}

const mismatchText =
  'The idempotency key was used for another request; a new request needs a new key';

/** The failure of a request that did not run, because one with its key did, or may have. */
export function knownBefore({ status, revision, results }: WriteResult): DsmError | null {
  if (status === 'request-mismatch') return new DsmError('idempotency_mismatch', mismatchText);
  if (status === 'request-forgotten') return new DsmError('request_forgotten');
  if (results !== null) return null;
  const text = `The request was done, at revision ${revision}; its result is no longer remembered`;
  return new DsmError('request_forgotten', text);
}

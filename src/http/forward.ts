/**
 * Calls that only the active master can serve: run here where this node is it, else sent on to it
 * (DESIGN.md §6). While none is known the call is held. One that breaks on its way is sent again
 * where an idempotency key makes that harmless: its answer is then that of the one time it ran. What
 * the client is told of its outcome is certain: a call that was never sent is `not-applied`, one
 * that was sent and not answered is `unknown`, and one that was answered is what the master said.
 */
import { DsmError } from '../core/errors.ts';
import type { NodeApi } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  InboundReply,
  OutboundRequest,
  Transport,
  TransportFailure,
} from '../ports/transport.ts';
import { answerLater, type Settle } from './answer-later.ts';
import type { Answers } from './answers.ts';
import { headerNames } from './headers.ts';

/** Pause before a master that could not be reached is looked for again. */
const retryMs = 25;

/** The master answers a write in `writeTimeoutMs`, be it 504; this is for the way there and back. */
const travelMs = 500;

/** `error` `misdirected` means: not active any more, and nothing happened. */
export type RunHere = (done: (error: DsmError | null, answer: () => Response) => void) => void;

/** What is sent to the master, beside `Dsm-No-Forward`. */
export type Parcel = Omit<OutboundRequest, 'timeoutMs'>;

export interface ActiveCall {
  /** Came with `Dsm-No-Forward`: it is not sent on again. */
  readonly isForwarded: boolean;
  readonly bodyBytes: number;
  /** The master may take so much longer to answer than for a write. */
  readonly waitMs?: number;
  /** True where the parcel has an idempotency key, and `runHere` the same one after `pack`. */
  readonly isRepeatable: boolean;
  readonly runHere: RunHere;
  /** Called once, where the call must be sent on: every attempt sends the same. */
  pack(): Parcel;
}

export function isForwarded(headers: Headers): boolean {
  return headers.get(headerNames.noForward) !== null;
}

export interface ForwarderOptions {
  readonly node: NodeApi;
  readonly answers: Answers;
  readonly transport: Transport;
  readonly clock: Clock;
}

export class Forwarder {
  readonly #options: ForwarderOptions;
  #heldCalls = 0;
  #heldBytes = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** Rejects only with what `runHere` throws. */
  run(call: ActiveCall): Promise<Response> {
    return answerLater((settle) => {
      if (this.#options.node.isActive()) this.#here(call, settle);
      else this.#away(call, settle);
    });
  }

  #here(call: ActiveCall, settle: Settle): void {
    call.runHere((error, answer) => {
      if (error === null) settle(answer);
      else if (error.code === 'misdirected') this.#away(call, settle);
      else settle(() => this.#options.answers.problem(error));
    });
  }

  #away(call: ActiveCall, settle: Settle): void {
    const { node, answers } = this.#options;
    if (call.isForwarded) return settle(() => answers.problem(misdirected(node)));
    const { heldCallsMax, queueBytesMax } = node.limits;
    const { bodyBytes } = call;
    if (this.#heldCalls >= heldCallsMax || this.#heldBytes + bodyBytes > queueBytesMax) {
      const text = 'Too many calls wait for the active master; try again in a moment';
      return settle(() => answers.problem(new DsmError('overloaded', text)));
    }
    this.#heldCalls += 1;
    this.#heldBytes += bodyBytes;
    new HeldCall(this.#options, call, (answer) => {
      this.#heldCalls -= 1;
      this.#heldBytes -= bodyBytes;
      settle(answer);
    }).seek();
  }
}

/** One call on its way: seeks the active master until it is served or its time is used up. */
class HeldCall {
  readonly #options: ForwarderOptions;
  readonly #call: ActiveCall;
  readonly #settle: Settle;
  readonly #parcel: Parcel;
  readonly #deadlineMs: number;
  /** How the last attempt ended that may have been applied; null where none was. */
  #broken: DsmError | null = null;
  #isSettled = false;

  constructor(options: ForwarderOptions, call: ActiveCall, settle: Settle) {
    this.#options = options;
    this.#call = call;
    this.#settle = settle;
    this.#parcel = call.pack();
    this.#deadlineMs = options.clock.monotonicMs() + options.node.limits.holdMs;
  }

  #finish(answer: () => Response): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(answer);
  }

  /** What is refused now may have been applied by the attempt before. */
  #fail(error: DsmError): void {
    const failure = error.outcome === 'not-applied' ? (this.#broken ?? error) : error;
    this.#finish(() => this.#options.answers.problem(failure));
  }

  seek(): void {
    const { node, clock } = this.#options;
    if (this.#isSettled) return;
    const remainingMs = this.#deadlineMs - clock.monotonicMs();
    if (remainingMs <= 0) return this.#fail(this.#noMaster());
    if (node.isActive()) return this.#runHere();
    const url = node.activeUrl();
    if (url !== null) return this.#send(url);
    const limit = clock.setTimer(remainingMs, () => this.#fail(this.#noMaster()));
    node.awaitActive((error) => {
      limit.cancel();
      if (error === null) this.seek();
      else this.#fail(error);
    });
  }

  #runHere(): void {
    this.#call.runHere((error, answer) => {
      if (error === null) this.#finish(answer);
      else if (error.code === 'misdirected') this.#seekAgain();
      else this.#fail(error);
    });
  }

  /** Not at once: what is believed of the master needs a moment to change. */
  #seekAgain(): void {
    this.#options.clock.setTimer(retryMs, () => this.seek());
  }

  #send(url: string): void {
    const { transport, node } = this.#options;
    const request: OutboundRequest = {
      ...this.#parcel,
      headers: { ...this.#parcel.headers, [headerNames.noForward]: '1' },
      timeoutMs: node.limits.writeTimeoutMs + travelMs + (this.#call.waitMs ?? 0),
    };
    transport.send(url, request, (failure, reply) => this.#onReply(url, failure, reply));
  }

  #onReply(url: string, failure: TransportFailure | null, reply: InboundReply | null): void {
    const { node } = this.#options;
    const isAbsent = failure === 'refused' || reply?.status === 421;
    if (isAbsent) {
      node.forgetActive(url);
      return this.#seekAgain();
    }
    if (reply?.header(headerNames.node) === undefined) {
      this.#broken = broken(url, failure);
      if (!this.#call.isRepeatable) return this.#fail(this.#broken);
      return this.#seekAgain();
    }
    if (this.#broken !== null && isRefusal(reply.status)) return this.#seekAgain();
    this.#finish(() => passOn(reply, url));
  }

  #noMaster(): DsmError {
    const { holdMs } = this.#options.node.limits;
    return new DsmError('no_master', `No active master could be reached within ${holdMs} ms`);
  }
}

/** Says of this attempt only that nothing happened; nothing of one before it. */
function isRefusal(status: number): boolean {
  return status >= 500 && status !== 504;
}

function misdirected(node: NodeApi): DsmError {
  const url = node.activeUrl();
  const hint = url === null ? 'and knows of none' : `but ${url} is`;
  return new DsmError('misdirected', `This node is not the active master, ${hint}`, {
    master: url ?? undefined,
  });
}

function broken(url: string, failure: TransportFailure | null): DsmError {
  const how = {
    timeout: 'did not answer in time',
    broken: 'broke the connection',
    refused: 'refused the connection',
  };
  const what = failure === null ? 'gave an answer that is not of a node' : how[failure];
  return new DsmError('forward_broken', `The active master at ${url} ${what}`);
}

/** Headers of one connection, and what the runtime says anew of the body. */
const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'date',
]);

/** The answer of the master as it is: `Dsm-Node` and the rest are the master's. */
function passOn(reply: InboundReply, url: string): Response {
  const { status } = reply;
  // Where to go directly the next time.
  const headers: Record<string, string> = { [headerNames.master]: url };
  for (const [name, value] of Object.entries(reply.headers())) {
    if (!ownHeaders.has(name)) headers[name] = value;
  }
  const hasBody = status !== 204 && status !== 304;
  const body = hasBody ? (reply.body as Uint8Array<ArrayBuffer>) : null;
  return new Response(body, { status, headers });
}

/**
 * Calls that only the active master can serve: run here where this node is it, else sent on to it
 * (DESIGN.md §6). While none is known the call is held. One that breaks on its way, or hangs at a
 * master that is not believed in any more, is sent again where an idempotency key makes that
 * harmless: its answer is then that of the one time it ran. What the client is told of its outcome is
 * certain: a call that was never sent is `not-applied`, one that was sent and not answered is
 * `unknown`, and one that was answered is what the master said.
 */
import { DsmError } from '../core/errors.ts';
import type { NodeApi } from '../node/api.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type {
  InboundReply,
  OutboundRequest,
  Transport,
  TransportFailure,
} from '../ports/transport.ts';
import { answerLater, type Settle } from './answer-later.ts';
import type { Answers } from './answers.ts';
import { headerNames } from './headers.ts';
import { passOn } from './pass-on.ts';

/** Pause before a master that could not be reached is looked for again. */
const retryMs = 25;

/** How often it is looked whether the master that was asked is still believed in. */
const doubtMs = 100;

const decoder = new TextDecoder();

/** The master answers a write in `writeTimeoutMs`, be it 504; this is for the way there and back. */
const travelMs = 500;

/**
 * `error` `misdirected` means: not active any more, and nothing happened. With `stepped_down` it may
 * have happened, at least in part.
 */
export type RunHere = (done: (error: DsmError | null, answer: () => Response) => void) => void;

/** What is sent to the master, beside `Dsm-No-Forward`. */
export type Parcel = Omit<OutboundRequest, 'timeoutMs'>;

export interface ActiveCall {
  /** Came with `Dsm-No-Forward`: it is not sent on again. */
  readonly isForwarded: boolean;
  readonly bodyBytes: number;
  /** The master may take so much longer to answer than for a write. */
  readonly waitMs?: number;
  /** Has `runHere` an idempotency key? After `pack` it is the one of the parcel. */
  isRepeatable(): boolean;
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
    return answerLater((settle) => this.start(call, settle));
  }

  /** Throws only what `runHere` throws. */
  start(call: ActiveCall, settle: Settle): void {
    if (this.#options.node.isActive()) this.#here(call, settle);
    else this.#away(call, settle, null);
  }

  #here(call: ActiveCall, settle: Settle): void {
    call.runHere((error, answer) => {
      if (error === null) settle(answer);
      else if (error.code === 'misdirected') this.#away(call, settle, null);
      else if (mayRepeat(error, call)) this.#away(call, settle, error);
      else settle(() => this.#options.answers.problem(error));
    });
  }

  /** `broken`: how it ended here, where it may have been applied. */
  #away(call: ActiveCall, settle: Settle, broken: DsmError | null): void {
    const { node, answers } = this.#options;
    const refuse = (error: DsmError) => settle(() => answers.problem(broken ?? error));
    if (call.isForwarded) return refuse(misdirected(node));
    const { heldCallsMax, queueBytesMax } = node.limits;
    const { bodyBytes } = call;
    if (this.#heldCalls >= heldCallsMax || this.#heldBytes + bodyBytes > queueBytesMax) {
      const text = 'Too many calls wait for the active master; try again in a moment';
      return refuse(new DsmError('overloaded', text));
    }
    this.#heldCalls += 1;
    this.#heldBytes += bodyBytes;
    const onEnd: Settle = (answer) => {
      this.#heldCalls -= 1;
      this.#heldBytes -= bodyBytes;
      settle(answer);
    };
    new HeldCall(this.#options, call, onEnd, broken).seek();
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
  #broken: DsmError | null;
  /** Number of the attempt that is waited for; those before it were left. */
  #attempt = 0;
  #doubt: Timer | null = null;
  #isSettled = false;

  constructor(
    options: ForwarderOptions,
    call: ActiveCall,
    settle: Settle,
    broken: DsmError | null,
  ) {
    this.#options = options;
    this.#call = call;
    this.#settle = settle;
    this.#broken = broken;
    this.#parcel = call.pack();
    this.#deadlineMs = options.clock.monotonicMs() + options.node.limits.holdMs;
  }

  #finish(answer: () => Response): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#doubt?.cancel();
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
      else if (mayRepeat(error, this.#call)) this.#breakOff(error);
      else this.#fail(error);
    });
  }

  /** It may have been applied; it is harmless to ask again. */
  #breakOff(error: DsmError): void {
    this.#broken = error;
    this.#seekAgain();
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
    this.#attempt += 1;
    const attempt = this.#attempt;
    if (this.#call.isRepeatable()) this.#doubtLater(url);
    transport.send(url, request, (failure, reply) => {
      if (this.#isSettled || (attempt !== this.#attempt && !isResult(reply))) return;
      this.#doubt?.cancel();
      this.#onReply(url, failure, reply);
    });
  }

  /** A master that stands still may hang for very long, and have a successor long before. */
  #doubtLater(url: string): void {
    this.#doubt = this.#options.clock.setTimer(doubtMs, () => {
      if (this.#options.node.activeUrl() === url) return this.#doubtLater(url);
      this.#broken = broken(url, 'timeout');
      this.#attempt += 1;
      this.seek();
    });
  }

  #onReply(url: string, failure: TransportFailure | null, reply: InboundReply | null): void {
    const { node } = this.#options;
    const isAbsent = failure === 'refused' || reply?.status === 421;
    if (isAbsent) {
      node.forgetActive(url);
      return this.#seekAgain();
    }
    if (reply?.header(headerNames.node) === undefined) {
      const error = broken(url, failure);
      return this.#call.isRepeatable() ? this.#breakOff(error) : this.#fail(error);
    }
    if (this.#call.isRepeatable() && hasSteppedDown(reply)) {
      return this.#breakOff(new DsmError('stepped_down'));
    }
    if (this.#broken !== null && isRefusal(reply.status)) return this.#seekAgain();
    this.#finish(() => passOn(reply, url));
  }

  #noMaster(): DsmError {
    const { holdMs } = this.#options.node.limits;
    return new DsmError('no_master', `No active master could be reached within ${holdMs} ms`);
  }
}

/** Another master may say how it ended, and runs it where it did not. */
function mayRepeat({ code }: DsmError, call: ActiveCall): boolean {
  return code === 'stepped_down' && call.isRepeatable();
}

/** What a call came to where it was run: it is the same whichever attempt brings it. */
function isResult(reply: InboundReply | null): boolean {
  const isFromNode = reply?.header(headerNames.node) !== undefined;
  return isFromNode && reply.status < 500 && reply.status !== 421;
}

/** Its answer was on the way when its mastership ended: its successor knows how the call ended. */
function hasSteppedDown({ status, body }: InboundReply): boolean {
  return status === 504 && decoder.decode(body).includes('"code":"stepped_down"');
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

/**
 * One request, as many attempts as its time allows.
 *
 * A round asks every node once, the active master first; between rounds it waits, exponentially
 * longer, with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"). What may be
 * asked again depends on what the attempt proved (DESIGN.md §5 rules 5 and 14): a read always; a
 * mutation too, because every attempt carries the same idempotency key and the nodes run it once.
 * What is left when the time is over is one error that says whether anything may have been applied.
 */
import { DsmError } from '../core/errors.ts';
import { headerNames } from '../http/headers.ts';
import { follow, orAborted, pause } from './abort.ts';
import { type Call, type CallerOptions, expectHeaders } from './call.ts';
import { statusOf } from './entries.ts';
import { isBadPort, noteAnswer, silenceOf } from './failure.ts';
import { Nearest } from './nearest.ts';
import { NodeList, parseNodeUrl } from './nodes.ts';
import {
  isForeignRefusal,
  isFromNode,
  judge,
  openReply,
  type Problem,
  type Reply,
  readReply,
} from './reply.ts';
import { Trial } from './trial.ts';

/** Nodes beyond the list that one round follows hints to. */
const hintsPerRoundMax = 2;

export class Caller {
  readonly nodes: NodeList;
  readonly #options: CallerOptions;
  readonly #nearest: Nearest;
  #revision = 0;
  #revisionAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CallerOptions) {
    this.#options = options;
    const { masters, environment, onMasterChange } = options;
    this.nodes = new NodeList(masters, () => environment.monotonicMs(), onMasterChange);
    this.#nearest = new Nearest(
      () => environment.monotonicMs(),
      () => environment.random(),
    );
  }

  /** The highest revision that any answer named; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** How long ago that was confirmed or raised. */
  get revisionAgeMs(): number {
    return this.#options.environment.monotonicMs() - this.#revisionAtMs;
  }

  /** A settled answer. Throws a DsmError, or the reason of the signal that aborted the call. */
  async call(call: Call): Promise<Reply> {
    expectHeaders({ ...this.#options.headers, ...call.headers });
    const controller = new AbortController();
    const stop = follow([this.#options.signal, call.signal], controller);
    const trial = new Trial(call, this.#options);
    try {
      controller.signal.throwIfAborted();
      for (;;) {
        const reply = await this.#round(call, trial, controller.signal);
        if (reply !== null) return reply;
        await this.#pause(trial, controller.signal);
      }
    } catch (error) {
      if (trial.partial === null || !(error instanceof DsmError)) throw error;
      return trial.partial;
    } finally {
      stop();
    }
  }

  /** Asks each node once, nodes first heard of on the way included; null where none could serve. */
  async #round(call: Call, trial: Trial, signal: AbortSignal): Promise<Reply | null> {
    const { masters } = this.#options;
    const asked = new Set<string>();
    let isHopeless = true;
    for (;;) {
      const url = this.#next(call, asked);
      if (url === undefined || asked.size >= masters.length + hintsPerRoundMax) {
        if (isHopeless) throw trial.failure();
        return null;
      }
      asked.add(url);
      if (trial.remainingMs() <= 0) throw trial.failure();
      const reply = await this.#attempt(url, call, trial, signal);
      isHopeless &&= reply !== null && isForeignRefusal(reply);
      if (reply === null) continue;
      const verdict = judge(reply);
      if (verdict.kind === 'settled' || (isFromNode(reply) && call.isExpected?.(reply))) {
        const lack = call.lackOf?.(reply) ?? null;
        if (lack === null) return reply;
        trial.onPartial(reply, lack);
        return null;
      }
      trial.onProblem(url, reply.status, verdict.problem);
      if (!mayAskAgain(call, verdict.problem)) throw trial.failure();
    }
  }

  #next(call: Call, asked: ReadonlySet<string>): string | undefined {
    const order = call.node === undefined ? this.#order(call) : [parseNodeUrl(call.node)];
    return order.find((url) => !asked.has(url));
  }

  #order(call: Call): string[] {
    if (call.isSpread !== true || this.#options.readFrom !== 'nearest') return this.nodes.order();
    if (this.#nearest.takeTurn()) void this.#lookAround();
    return this.nodes.order(this.#nearest.order());
  }

  /** Asks who is there. No read waits for it; where it fails, it is asked again in a while. */
  async #lookAround(): Promise<void> {
    const call = { title: 'STATUS', method: 'GET', path: '/v1/status', isMutation: false } as const;
    try {
      const { members } = statusOf(await this.call(call));
      this.#nearest.onMembers(members.map(({ url }) => url));
    } catch {
      // Nobody answers: the reads that wait find out for themselves.
    }
  }

  async #pause(trial: Trial, signal: AbortSignal): Promise<void> {
    const pauseMs = trial.nextPauseMs();
    if (pauseMs >= trial.remainingMs()) throw trial.failure();
    await pause(this.#options.environment, pauseMs, signal);
  }

  /** A whole answer of any kind, or null where there was none. */
  async #attempt(
    url: string,
    call: Call,
    trial: Trial,
    signal: AbortSignal,
  ): Promise<Reply | null> {
    const { environment } = this.#options;
    const attemptMs = this.#options.attemptTimeoutMs + (call.patienceMs ?? 0);
    const controller = new AbortController();
    const stop = follow([signal], controller);
    let hasTimedOut = false;
    const cancel = environment.setTimer(Math.min(attemptMs, trial.remainingMs()), () => {
      hasTimedOut = true;
      controller.abort(new DOMException('The attempt took too long', 'TimeoutError'));
    });
    try {
      const startMs = environment.monotonicMs();
      const reply = await orAborted(this.#fetch(url, call, controller.signal), controller.signal);
      if (call.isSpread === true) this.#nearest.note(url, environment.monotonicMs() - startMs);
      this.#onReply(reply, call.method === 'GET');
      return reply;
    } catch (error) {
      signal.throwIfAborted();
      if (isBadPort(error)) throw new DsmError('invalid_request', badPortText(url));
      this.nodes.onSilence(url);
      const silence = hasTimedOut ? 'timeout' : silenceOf(error, url);
      trial.onSilence(url, silence, error);
      if (silence !== 'refused' && call.isRepeatable === false) throw trial.failure();
      return null;
    } finally {
      cancel();
      stop();
    }
  }

  async #fetch(url: string, call: Call, signal: AbortSignal): Promise<Reply> {
    const { environment, headers, replyBytesMax } = this.#options;
    const response = await environment.fetch(url + call.path, {
      method: call.method,
      headers: { ...headers, ...call.headers },
      // A node never redirects; following one would send keys and values to somebody else.
      redirect: 'manual',
      signal,
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    noteAnswer(url);
    const read = call.isStream === true ? openReply : readReply;
    return read(url, response, replyBytesMax);
  }

  #onReply(reply: Reply, isRead: boolean): void {
    this.nodes.onReply(reply, isRead);
    const header = reply.headers.get(headerNames.revision);
    if (header === null) return;
    const revision = Number(header);
    if (!Number.isSafeInteger(revision) || revision < 0) return;
    this.#revision = Math.max(this.#revision, revision);
    this.#revisionAtMs = this.#options.environment.monotonicMs();
  }
}

const badPortText = (url: string) =>
  `${url} cannot be reached: fetch refuses this port (https://fetch.spec.whatwg.org/#bad-port)`;

/** Reads can always be asked again; a mutation only where the node's answer allows it. */
function mayAskAgain(call: Call, problem: Problem): boolean {
  if (!problem.retryable) return false;
  return problem.outcome === 'not-applied' || call.isRepeatable !== false || !call.isMutation;
}

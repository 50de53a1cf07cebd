/**
 * Concurrent clients that write unique values and read them back, at any node and at every
 * consistency level. Most do as the client library does: the same idempotency key on every attempt,
 * at another node where the first one did not answer, a second attempt only as the outcome of the
 * first allows. Some have no keys, and never repeat a change. Every operation goes into the history.
 */
import type { WriteResult } from '../node/api.ts';
import type { HistoryOperation } from '../verify/history.ts';
import {
  type ClientCall,
  type ClientReply,
  type ClientWire,
  directWire,
  httpWire,
  ofResult,
  type WriteCall,
} from './client-wire.ts';
import type { Cluster, Seat } from './cluster.ts';
import { InvariantError, type Invariants } from './invariants.ts';
import { clientUrl } from './nemesis.ts';
import { drawCall, learn, type Session, toldOf } from './operations.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimClock } from './sim-clock.ts';
import type { Endpoint } from './sim-network.ts';

export interface WorkloadOptions {
  readonly clients: number;
  readonly keys: number;
  /** Longest pause between two operations of a client. */
  readonly thinkMs: number;
}

type Written = Extract<ClientReply, { kind: 'written' }>;

/** A client gives up after this, and does not know how its call ended. */
const patienceMs = 4000;
const attemptMs = 1500;
/** Share of clients without idempotency keys. */
const keylessShare = 0.2;

/** One operation of a client, with all its attempts. */
interface Operation {
  readonly session: Session;
  readonly call: ClientCall;
  readonly startMs: number;
  /** Some attempt may have been carried out, or may still be. */
  mayHaveRun: boolean;
  isOver: boolean;
}

export class Workload {
  readonly history: HistoryOperation[] = [];
  readonly #world: Cluster;
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #options: WorkloadOptions;
  readonly #wire: ClientWire;
  /** Everything takes so many times as long. */
  readonly #tempo: number;
  /** Over HTTP, a slave or a standby passes a change on to the active master. */
  readonly #isForwarded: boolean;
  readonly #invariants: Invariants;
  #count = 0;
  #processes = 0;
  #isStopped = false;

  constructor(
    world: Cluster,
    random: SeededRandom,
    invariants: Invariants,
    options: WorkloadOptions & { readonly wire: 'direct' | 'http'; readonly tempo: number },
  ) {
    this.#world = world;
    this.#clock = new SimClock(world.queue);
    this.#random = random;
    this.#invariants = invariants;
    this.#options = options;
    this.#tempo = options.tempo;
    this.#isForwarded = options.wire === 'http';
    this.#wire = options.wire === 'http' ? httpWire : directWire;
  }

  start(): void {
    for (let i = 0; i < this.#options.clients; i += 1) {
      const hasKeys = !this.#random.chance(keylessShare);
      this.#next({ process: this.#processes++, hasKeys, revision: 0, revisions: new Map() });
    }
  }

  /** No new operations; those under way end within their patience. */
  stop(): void {
    this.#isStopped = true;
  }

  #next(session: Session): void {
    if (this.#isStopped) return;
    const delayMs = this.#random.next() * this.#options.thinkMs * this.#tempo;
    this.#world.queue.after(delayMs, () => this.#begin(session));
  }

  #begin(session: Session): void {
    if (this.#isStopped) return;
    this.#count += 1;
    const call = drawCall(this.#random, session, this.#options.keys, this.#count);
    const startMs = this.#world.queue.nowMs;
    this.#attempt({ session, call, startMs, mayHaveRun: false, isOver: false });
  }

  #attempt(operation: Operation): void {
    const { call, startMs, mayHaveRun } = operation;
    const { network, queue } = this.#world;
    const isKeyless = call.op !== 'get' && call.requestId === null;
    const isLate = queue.nowMs - startMs > patienceMs * this.#tempo || this.#isStopped;
    if (isLate || (isKeyless && mayHaveRun)) return this.#giveUp(operation);
    // A second copy may be carried out after the first one was refused.
    const mayComeTwice = network.faults.duplicateShare > 0 && !isKeyless;
    const { url, name } = this.#chooseSeat(call);
    this.#tell(() => `client ${operation.session.process} → ${name} ${JSON.stringify(call)}`);
    network.exchange<ClientReply>({
      from: clientUrl,
      to: url,
      clock: this.#clock,
      timeoutMs: attemptMs * this.#tempo,
      repeats: isKeyless ? 'never' : 'any-time',
      deliver: (endpoint, answer) =>
        this.#wire(endpoint, call, (reply) => {
          this.#watch(endpoint, call, reply);
          this.#tell(
            () => `client ${operation.session.process} ← ${name} ${JSON.stringify(reply)}`,
          );
          answer(reply);
        }),
      finish: (failure, reply) => {
        if (mayComeTwice || failure === 'timeout') operation.mayHaveRun = true;
        if (reply === null) this.#later(operation);
        else this.#onReply(operation, reply);
      },
    });
  }

  #tell(line: () => string): void {
    const { trace } = this.#world;
    if (trace.isTold) trace.comment(line());
  }

  #chooseSeat({ op }: ClientCall): Seat {
    const seats = [...this.#world.seats.values()];
    const isAnywhere = op === 'get' || this.#isForwarded || this.#random.chance(0.05);
    return this.#random.pick(isAnywhere ? seats : seats.filter(({ role }) => role === 'master'));
  }

  /** At the node that answers, in the event in which it does. */
  #watch({ url }: Endpoint, call: ClientCall, reply: ClientReply): void {
    if (reply.kind === 'failed' || reply.revision === undefined) return;
    if (call.op === 'get') {
      this.#invariants.onRead(reply.revision);
      if (reply.kind === 'read' && reply.nodeRevision < call.minRevision) {
        throw new InvariantError('I7', `a read of min-revision ${call.minRevision} is older`);
      }
      return;
    }
    const isWritten = reply.kind === 'written' && reply.status === 'done';
    const node = this.#world.seats.get(url.slice('http://'.length))?.node;
    const voter = node?.isActive() ? node.inspect() : undefined;
    if (isWritten) this.#invariants.onDone(reply.revision, voter);
  }

  #onReply(operation: Operation, reply: ClientReply): void {
    if (operation.isOver) return;
    if (reply.kind === 'failed') {
      if (reply.outcome === 'unknown') operation.mayHaveRun = true;
      return this.#later(operation);
    }
    const { session, call } = operation;
    learn(session, call, reply);
    if (call.op !== 'get') this.#tellOracle(call, reply);
    this.#end(operation, reply);
    this.#next(session);
  }

  #tellOracle(call: WriteCall, reply: ClientReply): void {
    const { requestId } = call;
    if (requestId === null || reply.kind !== 'written') return;
    if (reply.status === 'request-forgotten') return;
    const check = (result: WriteResult) => {
      const expected = ofResult(call, result);
      return isSaid(reply, expected) ? null : `${show(reply)}, and it is ${show(expected)}`;
    };
    this.#invariants.oracle.told.push({ requestId, check });
  }

  #later(operation: Operation): void {
    this.#world.queue.after((20 + this.#random.next() * 80) * this.#tempo, () =>
      this.#attempt(operation),
    );
  }

  #giveUp(operation: Operation): void {
    const { session, call, mayHaveRun } = operation;
    if (call.op === 'get') {
      operation.isOver = true;
    } else {
      this.#end(operation, { kind: 'failed', outcome: mayHaveRun ? 'unknown' : 'not-applied' });
    }
    if (mayHaveRun) session.process = this.#processes++;
    this.#next(session);
  }

  #end(operation: Operation, reply: ClientReply): void {
    operation.isOver = true;
    const { session, call, startMs } = operation;
    const told = toldOf(call, reply);
    const isOpen = told.outcome === 'unknown';
    const ended: HistoryOperation = {
      ...told,
      process: session.process,
      callUs: toUs(startMs),
      returnUs: isOpen ? Number.POSITIVE_INFINITY : toUs(this.#world.queue.nowMs),
    };
    this.history.push(ended);
    this.#world.trace.note(JSON.stringify(ended));
  }
}

/** Virtual time is exact, and ties mean concurrency. */
function toUs(ms: number): number {
  return Math.round(ms * 1000);
}

const show = (reply: ClientReply): string => JSON.stringify(reply);

/** Does the answer say what is expected? Not all answers say the revision. */
function isSaid(reply: Written, expected: ClientReply): boolean {
  if (expected.kind !== 'written') return false;
  const { status, value, revision = reply.revision } = expected;
  const isPlace = reply.revision === undefined || reply.revision === revision;
  return isPlace && reply.status === status && reply.value === value;
}

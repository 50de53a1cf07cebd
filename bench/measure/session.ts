/**
 * One run of load, without its sockets: chooses the operations, says them in the target's dialect,
 * judges the answers and counts. A driver only carries requests and paces them, so every driver
 * verifies and counts alike.
 *
 * Each operation gets exactly one of `answer` and `fail`.
 */
import type { Measurement } from '../results/schema.ts';
import type { Cause, Dialect, HttpRequest } from '../workload/dialect.ts';
import { keyName } from '../workload/keys.ts';
import { createOperations, type Operation, type OperationKind } from '../workload/operations.ts';
import { encodeValue } from '../workload/value.ts';
import { createLedger } from './ledger.ts';
import type { LoadEvent, LoadPlan } from './plan.ts';
import { type Answered, type Phase, Recorder } from './recorder.ts';

const faultsMax = 10;

/** A request that left, with what is needed to judge its answer. */
export interface Issued {
  readonly client: number;
  readonly kind: OperationKind;
  readonly keyIndex: number;
  readonly sequence: number;
  readonly floor: number;
  /** The choice was made; in an open run, the moment at which it should have left. */
  readonly startedAtMs: number;
  readonly request: HttpRequest;
}

type Verdict = Pick<Answered, 'cause' | 'stale' | 'verified'>;

export class LoadSession {
  readonly plan: LoadPlan;
  readonly recorder: Recorder;
  readonly #dialect: Dialect;
  readonly #ledger;
  readonly #next: (() => Operation)[];
  readonly #idleSinceMs: number[];
  readonly #faults: string[] = [];
  readonly #onEvent: (event: LoadEvent) => void;

  constructor(plan: LoadPlan, dialect: Dialect, onEvent: (event: LoadEvent) => void) {
    this.plan = plan;
    this.#dialect = dialect;
    this.#onEvent = onEvent;
    this.recorder = new Recorder(plan.workload.keyCount);
    this.#ledger = createLedger(plan.workload.keyCount, plan.clients);
    this.#next = Array.from({ length: plan.clients }, (_, client) =>
      createOperations(plan.workload, client),
    );
    this.#idleSinceMs = new Array<number>(plan.clients).fill(performance.now());
  }

  get issuing(): boolean {
    return this.recorder.phase !== 'drain';
  }

  /** Chooses the next operation of a client; the caller sends it at once. */
  begin(client: number, startedAtMs: number): Issued {
    const { kind, keyIndex } = this.#next[client]!();
    const key = keyName(keyIndex);
    const writer = client + 1;
    const sequence = kind === 'write' ? this.#ledger.begin(writer) : -1;
    this.recorder.sent();
    return {
      client,
      kind,
      keyIndex,
      sequence,
      floor: this.#ledger.floor(keyIndex),
      startedAtMs,
      request:
        kind === 'read'
          ? this.#dialect.read(key)
          : this.#dialect.write(
              key,
              encodeValue({ key, writer, sequence }, this.plan.workload.valueBytes),
            ),
    };
  }

  /** `latencyMs`: where the driver measured it itself, from the departure of the request. */
  answer(issued: Issued, status: number, body: string, latencyMs?: number): void {
    const nowMs = performance.now();
    const waitedMs = latencyMs ?? nowMs - issued.startedAtMs;
    this.#record(issued, waitedMs, this.#judge(issued, status, body, nowMs));
  }

  /** There is no answer, or none that can be read. */
  fail(issued: Issued, cause: Cause, fault: string): void {
    this.#note(issued, `${cause}: ${fault}`);
    const waitedMs = performance.now() - issued.startedAtMs;
    this.#record(issued, waitedMs, { cause, stale: false, verified: false });
  }

  #judge(issued: Issued, status: number, body: string, nowMs: number): Verdict {
    const { kind, keyIndex } = issued;
    const { cause, stamp, fault } = this.#dialect.judge(kind, keyName(keyIndex), status, body);
    if (cause !== null) {
      this.#note(issued, `${cause}: ${fault}`);
      return { cause, stale: false, verified: false };
    }
    if (kind === 'write') {
      const written = { writer: issued.client + 1, sequence: issued.sequence };
      this.#ledger.acknowledge(written, keyIndex, issued.startedAtMs, nowMs);
    }
    if (stamp === null) return { cause, stale: false, verified: false };
    const verdict = this.#ledger.judge(stamp, issued.floor);
    if (verdict !== 'fresh') this.#note(issued, `a ${verdict} value`);
    if (verdict === 'never-written') return { cause: 'wrong_value', stale: false, verified: false };
    return { cause, stale: verdict === 'stale', verified: true };
  }

  /** What a client did not spend waiting since its last answer is its rest. */
  #record(issued: Issued, waitedMs: number, verdict: Verdict): void {
    const nowMs = performance.now();
    const { client, kind, keyIndex } = issued;
    const closed = this.plan.rateRps === null;
    const thinkMs = closed ? nowMs - waitedMs - this.#idleSinceMs[client]! : 0;
    this.#idleSinceMs[client] = nowMs;
    this.recorder.answered({
      kind,
      keyIndex,
      latencyUs: waitedMs * 1000,
      thinkUs: Math.max(0, thinkMs) * 1000,
      ...verdict,
    });
  }

  #note(issued: Issued, fault: string): void {
    if (this.#faults.length >= faultsMax) return;
    const key = keyName(issued.keyIndex);
    this.#faults.push(`client ${issued.client}, ${issued.kind} ${key}: ${fault}`);
  }

  enter(phase: Phase): void {
    this.recorder.phase = phase;
    this.#onEvent({ type: 'phase', phase });
  }

  closeSample(lengthS: number): void {
    this.#onEvent({ type: 'sample', sample: this.recorder.closeSample(lengthS) });
  }

  /** True where going on would only measure a broken server. */
  get hopeless(): boolean {
    const { failed, answeredCount } = this.recorder;
    return answeredCount > 0 && failed > this.plan.abortErrorShare * answeredCount;
  }

  /** What the session itself knows; the driver adds its clock, its load and its own book. */
  results(inflightAtEnd: number): Pick<Measurement, 'window' | 'whole' | 'samples' | 'faults'> {
    return {
      window: this.recorder.window(),
      whole: this.recorder.wholeRun(inflightAtEnd),
      samples: this.recorder.samples,
      faults: this.#faults,
    };
  }
}

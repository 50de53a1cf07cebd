/**
 * Counts what happened, by phase and by sample. An operation belongs to the moment of its answer;
 * the warm-up and the drain are counted only where requests must be conserved, never as results.
 */
import type { CauseCounts, Sample, Whole, WindowTotals } from '../results/schema.ts';
import type { Cause } from '../workload/dialect.ts';
import type { OperationKind } from '../workload/operations.ts';
import { noCauses } from './causes.ts';
import { Latencies } from './histogram.ts';

export type Phase = 'warmup' | 'measure' | 'drain';

export interface Answered {
  readonly kind: OperationKind;
  readonly keyIndex: number;
  readonly latencyUs: number;
  /** Measured rest of this client before the request; 0 in an open run. */
  readonly thinkUs: number;
  readonly cause: Cause | null;
  readonly stale: boolean;
  readonly verified: boolean;
}

interface Tally {
  success: number;
  readonly failed: Record<OperationKind, number>;
  stale: number;
  causes: CauseCounts;
  readonly read: Latencies;
  readonly write: Latencies;
}

const emptyTally = (): Tally => ({
  success: 0,
  failed: { read: 0, write: 0 },
  stale: 0,
  causes: noCauses(),
  read: new Latencies(),
  write: new Latencies(),
});

function count(tally: Tally, answered: Answered): void {
  if (answered.cause === null) {
    tally.success += 1;
    tally[answered.kind].record(answered.latencyUs);
    if (answered.stale) tally.stale += 1;
  } else {
    tally.causes[answered.cause] += 1;
    tally.failed[answered.kind] += 1;
  }
}

export class Recorder {
  readonly #whole = { sent: 0, readsOk: 0, writesOk: 0, readsFailed: 0, writesFailed: 0 };
  readonly samples: Sample[] = [];
  phase: Phase = 'warmup';
  inflight = 0;
  readonly #window = emptyTally();
  readonly #running = emptyTally();
  readonly #all = new Latencies();
  readonly #keyCounts: number[];
  readonly #attempted = { read: 0, write: 0 };
  #latencySumUs = 0;
  #thinkSumUs = 0;
  #verifiedReads = 0;

  constructor(keyCount: number) {
    this.#keyCounts = new Array<number>(keyCount).fill(0);
  }

  sent(): void {
    this.#whole.sent += 1;
    this.inflight += 1;
  }

  answered(answered: Answered): void {
    this.inflight -= 1;
    const plural = answered.kind === 'read' ? 'reads' : 'writes';
    this.#whole[`${plural}${answered.cause === null ? 'Ok' : 'Failed'}`] += 1;
    if (this.phase === 'drain') return;
    count(this.#running, answered);
    if (this.phase !== 'measure') return;
    count(this.#window, answered);
    if (answered.cause === null) this.#all.record(answered.latencyUs);
    if (answered.verified) this.#verifiedReads += 1;
    this.#attempted[answered.kind] += 1;
    this.#keyCounts[answered.keyIndex]! += 1;
    this.#latencySumUs += answered.latencyUs;
    this.#thinkSumUs += answered.thinkUs;
  }

  /** Ends the sample that runs now and returns it. */
  closeSample(lengthS: number): Sample {
    const tally = this.#running;
    const sample: Sample = {
      index: this.samples.length,
      phase: this.phase === 'warmup' ? 'warmup' : 'measure',
      lengthS: lengthS,
      success: tally.success,
      readsFailed: tally.failed.read,
      writesFailed: tally.failed.write,
      causes: tally.causes,
      staleReads: tally.stale,
      inflight: this.inflight,
      read: tally.read.summary(),
      write: tally.write.summary(),
    };
    this.samples.push(sample);
    tally.success = 0;
    tally.failed.read = 0;
    tally.failed.write = 0;
    tally.stale = 0;
    tally.causes = noCauses();
    tally.read.reset();
    tally.write.reset();
    return sample;
  }

  /** `inflightAtEnd` is counted by the driver itself: that is what makes conservation a check. */
  wholeRun(inflightAtEnd: number): Whole {
    return { ...this.#whole, inflightAtEnd };
  }

  /** Failures and answers since the start, warm-up included: for giving up early. */
  get failed(): number {
    return this.#whole.readsFailed + this.#whole.writesFailed;
  }

  get answeredCount(): number {
    return this.failed + this.#whole.readsOk + this.#whole.writesOk;
  }

  window(): WindowTotals {
    const { success, stale, read, write } = this.#window;
    return {
      success,
      causes: { ...this.#window.causes },
      staleReads: stale,
      verifiedReads: this.#verifiedReads,
      read: read.summary(),
      write: write.summary(),
      all: this.#all.summary(),
      histograms: { read: read.encode(), write: write.encode() },
      latencySumUs: Math.round(this.#latencySumUs),
      thinkSumUs: Math.round(this.#thinkSumUs),
      attemptedReads: this.#attempted.read,
      attemptedWrites: this.#attempted.write,
      keyCounts: [...this.#keyCounts],
    };
  }
}

/**
 * Every bound and every time of a node, in one place, with the relations that the protocol needs.
 * A combination that breaks a relation is refused at start, all faults at once.
 */
export interface Limits {
  /** Longest silence between two appends to a slave; longest wait of a poll. */
  readonly heartbeatMs: number;
  /** How long a vow of a voter binds it (DESIGN.md §5 rule 7). */
  readonly leaseMs: number;
  /** No answer of an active master for so long makes a standby a candidate. */
  readonly failoverMs: number;
  /** Uniform jitter added to `failoverMs`. */
  readonly failoverJitterMs: number;
  /** Added to `failoverMs` for each place in the list of masters. */
  readonly failoverStaggerMs: number;
  /** No quorum of either kind, or a sync that hangs, for so long: step down. */
  readonly stepDownMs: number;
  /** A batch not acknowledged by the chosen slaves after this goes to all. */
  readonly hedgeMs: number;
  /** Under load: how long a batch waits at most for the clients that were answered just now. */
  readonly gatherMs: number;
  /** Slaves that were not chosen get a batch within this. */
  readonly lazyMs: number;
  /** A slave applies what an append commits within this, and at once where somebody looks. */
  readonly applyMs: number;
  /** Silence after which a voter is passed over, and a master without majority refuses writes. */
  readonly suspectMs: number;
  /** Silence after which a voter is replaced or removed. */
  readonly removeMs: number;
  /** While keys have lifetimes, the log's time is written at least so often (DESIGN.md §3). */
  readonly tickMs: number;
  /** A write without quorum for so long is answered 504 `unknown`. */
  readonly writeTimeoutMs: number;
  /** How long a call waits for an active master before 503 `no_master`. */
  readonly holdMs: number;
  /** Time allowed for one message between nodes. */
  readonly peerTimeoutMs: number;
  /** Largest assumed difference of two clocks' rates, as a share: 0.1 is 10 %. */
  readonly clockDriftShare: number;
  /** Slaves that an automatic removal must leave. */
  readonly minSlaves: number;

  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  readonly contentTypeBytesMax: number;
  readonly requestIdBytesMax: number;
  /** Largest body of one append or poll answer; one record may exceed it alone. */
  readonly batchBytesMax: number;
  /** Records and bytes that wait for a place in a batch; above it 503 `overloaded`. */
  readonly queueRecordsMax: number;
  readonly queueBytesMax: number;
  /** Calls held while no active master is known, and calls forwarded at one time. */
  readonly heldCallsMax: number;
  /** Linearizable reads waiting for a round or a read index. */
  readonly waitingReadsMax: number;
  /** Watches that one node serves at one time. */
  readonly watchesMax: number;
  /** Memory for keys and values; above it writes are 507. */
  readonly memoryBytesMax: number;
  /** Applied records kept in memory for catch-up by log, and for watches to go on from. */
  readonly logTailBytesMax: number;
  /** Log written since the last snapshot before a new one is made. */
  readonly snapshotEveryBytes: number;
  readonly segmentBytesMax: number;
  /** Zeros written ahead of the end of the log, at most: a sync need not save a new length then. */
  readonly logAheadBytes: number;
  /** Learners known at one time. */
  readonly learnersMax: number;
}

const MiB = 1024 * 1024;

/** Longest text in a record: it stands behind a u16. */
export const textBytesMax = 0xffff;

/** Longest texts of a client; records hold some of them with a little more. */
const textLimits = Object.freeze({
  /** The end of a prefix's range: the code point behind its last one may take a byte more. */
  keyBytesMax: textBytesMax - 1,
  contentTypeBytesMax: textBytesMax,
  /** Items of a batch: a separator and the index, of three digits. */
  requestIdBytesMax: textBytesMax - 4,
});

/** How many idempotency keys are remembered: part of the state machine, so the same on all nodes. */
export interface DedupeWindow {
  readonly recordsMax: number;
  /** Of the keys and of small results, which are remembered as long as they. */
  readonly bytesMax: number;
  /** Of large results: the oldest are forgotten, their keys are not. */
  readonly resultBytesMax: number;
}

/** A result of a transaction with more bytes is a large one: a counter's is not, nor a lease's. */
export const smallResultBytesMax = 1024;

/** Not an option: nodes that forget at different times would disagree on the state. */
export const dedupeWindow: DedupeWindow = Object.freeze({
  recordsMax: 100_000,
  bytesMax: 32 * MiB,
  resultBytesMax: 32 * MiB,
});

/** Bytes of the values that one transaction may return; a single one may exceed it alone. */
export const txnResultBytesMax = 4 * MiB;

/**
 * Keys that one `delete-range` looks at: those that it deletes, and those whose lifetime has ended,
 * which it removes too. Part of the state machine.
 */
export const deleteScanMax = 20_000;

/** Keys that one page of a list looks at: a crowd whose lifetimes ended together is no entry of it. */
export const listScanMax = 4096;

export const defaultLimits: Limits = Object.freeze({
  heartbeatMs: 150,
  leaseMs: 900,
  failoverMs: 1000,
  failoverJitterMs: 150,
  failoverStaggerMs: 400,
  stepDownMs: 1500,
  hedgeMs: 25,
  gatherMs: 5,
  lazyMs: 50,
  applyMs: 10,
  suspectMs: 500,
  removeMs: 10_000,
  tickMs: 5000,
  writeTimeoutMs: 5000,
  holdMs: 2000,
  peerTimeoutMs: 1000,
  clockDriftShare: 0.1,
  minSlaves: 1,
  keyBytesMax: 1024,
  valueBytesMax: MiB,
  contentTypeBytesMax: 255,
  requestIdBytesMax: 255,
  batchBytesMax: 4 * MiB,
  queueRecordsMax: 16_384,
  queueBytesMax: 64 * MiB,
  heldCallsMax: 4096,
  waitingReadsMax: 16_384,
  watchesMax: 4096,
  memoryBytesMax: 1024 * MiB,
  logTailBytesMax: 64 * MiB,
  snapshotEveryBytes: 64 * MiB,
  segmentBytesMax: 16 * MiB,
  logAheadBytes: 128 * 1024,
  learnersMax: 64,
});

/** The relations that `limits` breaks, as sentences for a person; none when it is sound. */
export function limitFaults(limits: Limits): string[] {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(limits)) {
    const mayBeZero =
      name === 'minSlaves' ||
      name === 'failoverJitterMs' ||
      name === 'lazyMs' ||
      name === 'applyMs' ||
      name === 'gatherMs' ||
      name === 'logAheadBytes';
    if (!Number.isFinite(value) || value < 0 || (value === 0 && !mayBeZero)) {
      faults.push(`${name} must be a positive number, not ${value}`);
    }
  }
  for (const [name, most] of Object.entries(textLimits)) {
    const value = limits[name as keyof typeof textLimits];
    if (value > most) {
      faults.push(`${name} must be at most ${most}, not ${value}: no record holds a longer text`);
    }
  }
  const relation = (holds: boolean, text: string) => {
    if (!holds) faults.push(`${text} must hold`);
  };
  const { heartbeatMs, applyMs, leaseMs, failoverMs, stepDownMs, suspectMs, removeMs } = limits;
  relation(
    3 * heartbeatMs <= leaseMs,
    `3 × heartbeatMs (${3 * heartbeatMs}) ≤ leaseMs (${leaseMs})`,
  );
  // The log is trimmed when it is applied: what waits for it must not pile up.
  relation(applyMs <= suspectMs, `applyMs (${applyMs}) ≤ suspectMs (${suspectMs})`);
  relation(leaseMs < failoverMs, `leaseMs (${leaseMs}) < failoverMs (${failoverMs})`);
  relation(leaseMs <= stepDownMs, `leaseMs (${leaseMs}) ≤ stepDownMs (${stepDownMs})`);
  relation(
    3 * heartbeatMs <= suspectMs,
    `3 × heartbeatMs (${3 * heartbeatMs}) ≤ suspectMs (${suspectMs})`,
  );
  relation(suspectMs < removeMs, `suspectMs (${suspectMs}) < removeMs (${removeMs})`);
  relation(limits.clockDriftShare < 0.5, `clockDriftShare (${limits.clockDriftShare}) < 0.5`);
  relation(
    limits.valueBytesMax <= limits.queueBytesMax,
    `valueBytesMax (${limits.valueBytesMax}) ≤ queueBytesMax (${limits.queueBytesMax})`,
  );
  return faults;
}

/** Defaults with `overrides`, frozen. Throws a RangeError that lists every fault. */
export function makeLimits(overrides: Partial<Limits> = {}): Limits {
  const limits = Object.freeze({ ...defaultLimits, ...overrides });
  const faults = limitFaults(limits);
  if (faults.length > 0) throw new RangeError(faults.join('; '));
  return limits;
}

/** What the simulated disk does wrong, and how long it takes over what it does right. */

/** What goes wrong from now on; may be changed at any time. Shares are between 0 and 1. */
export interface SimDiskFaults {
  /** Each operation takes a time in this range, ms. */
  latencyMsMin: number;
  latencyMsMax: number;
  /** Share of syncs that take `stallMs` longer. */
  stallShare: number;
  stallMs: number;
  /** Share of syncs, of files and of the directory, that fail with EIO. */
  syncFailShare: number;
  /** Share of writes of which only a part is written, with EIO. */
  writeFailShare: number;
  /** Bytes in all files together; a write beyond it is cut short with ENOSPC. */
  capacityBytes: number;
}

export const noDiskFaults: SimDiskFaults = Object.freeze({
  latencyMsMin: 0.05,
  latencyMsMax: 1,
  stallShare: 0,
  stallMs: 1000,
  syncFailShare: 0,
  writeFailShare: 0,
  capacityBytes: Number.POSITIVE_INFINITY,
});

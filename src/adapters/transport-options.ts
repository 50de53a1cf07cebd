/** What every HTTP transport needs. */
import type { Clock } from '../ports/clock.ts';

export interface TransportOptions {
  readonly clock: Clock;
  /** A longer answer counts as `broken`; default 64 MiB, more than any chunk between nodes. */
  readonly replyBytesMax?: number;
}

export const defaultReplyBytesMax = 64 * 1024 * 1024;

/** How late a time limit of a request may be noticed. */
export const deadlineResolutionMs = 25;

/** An idle connection is dropped before any server of ours drops it: that would race with a use. */
export const idleConnectionMs = 4000;

/** What every HTTP transport needs, and the reply that every one of them makes. */
import type { Clock } from '../ports/clock.ts';
import type { InboundReply } from '../ports/transport.ts';

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

export class Reply implements InboundReply {
  readonly status: number;
  readonly body: Uint8Array;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array) {
    this.status = status;
    this.#headers = headers;
    this.body = body;
  }

  header(name: string): string | undefined {
    return Object.hasOwn(this.#headers, name) ? this.#headers[name] : undefined;
  }

  headers(): Record<string, string> {
    return { ...this.#headers };
  }
}

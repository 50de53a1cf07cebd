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

/** An idle connection is dropped before any of our servers does so, which would race with a use. */
export const idleConnectionMs = 15_000;

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

/** Collects a body within `bytesMax`. */
export class BodyCollector {
  readonly #bytesMax: number;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** False where the body has become too long; nothing more is kept then. */
  push(chunk: Uint8Array): boolean {
    this.#length += chunk.length;
    if (this.#length > this.#bytesMax) return false;
    this.#chunks.push(chunk);
    return true;
  }

  /** One copy of exactly the bytes: the chunks may be views of large buffers of a socket. */
  take(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, offset);
      offset += chunk.length;
    }
    return whole;
  }
}

/**
 * Idempotency keys and how their requests ended (DESIGN.md §5 rule 14): a window of the newest ones,
 * bounded in count and in bytes. Large results have a bound of their own, and are forgotten before
 * their keys are: whoever asks for one then learns that it was done, and is never run again, and
 * large results cannot push out the small ones of everybody else, nor the keys.
 */
import type { RequestTag } from './command-fields.ts';
import { type DedupeWindow, smallResultBytesMax } from './limits.ts';
import { hashOfResult, ownResult, type Result, resultBytes } from './result.ts';
import { mix, mixNumber, mixText } from './state-hash.ts';

export interface Remembered {
  readonly lsn: number;
  readonly payloadHash: number;
  readonly result: Result;
}

interface Known extends Remembered {
  /** Share of the state hash. */
  readonly hash: number;
  /** In memory, about, without a large result. */
  readonly bytes: number;
}

/** Rough cost of a key in memory, bytes. */
const overheadBytes = 160;

export class Requests {
  /** Requests at or below this lsn may have been forgotten. */
  forgottenLsn = 0;
  /** Sum of the hashes of what is remembered, modulo 2^32. */
  hash = 0;
  readonly #window: DedupeWindow;
  /** In the order of their lsns, so the first is the oldest. */
  readonly #known = new Map<string, Known>();
  #bytes = 0;
  /** Bytes of the large results, oldest first. */
  readonly #large = new Map<string, number>();
  #largeBytes = 0;

  constructor(window: DedupeWindow) {
    this.#window = window;
  }

  get(id: string): Remembered | undefined {
    return this.#known.get(id);
  }

  /** The answer to a request that must not run: it has run before, or may have. */
  answerTo(request: RequestTag): Result | null {
    const known = this.#known.get(request.id);
    if (known !== undefined) {
      return known.payloadHash === request.payloadHash
        ? known.result
        : { status: 'request-mismatch', revision: known.lsn };
    }
    // A key made before the window begins may have run and been forgotten: never run it again.
    if (request.keyRevision > 0 && request.keyRevision < this.forgottenLsn) {
      return { status: 'request-forgotten', revision: this.forgottenLsn };
    }
    return null;
  }

  remember(id: string, remembered: Remembered): void {
    this.#add(id, { ...remembered, result: ownResult(remembered.result) });
    this.#forgetOldest();
    this.#forgetLarge();
  }

  #add(id: string, remembered: Remembered): void {
    const { lsn, payloadHash, result } = remembered;
    const resultSize = resultBytes(result);
    const isLarge = resultSize > smallResultBytesMax;
    const bytes = id.length + overheadBytes + (isLarge ? 0 : resultSize);
    const known: Known = { lsn, payloadHash, result, bytes, hash: hashOfRequest(id, remembered) };
    this.#known.set(id, known);
    this.#bytes += bytes;
    this.hash = (this.hash + known.hash) >>> 0;
    if (!isLarge) return;
    this.#large.set(id, resultSize);
    this.#largeBytes += resultSize;
  }

  #forgetOldest(): void {
    const { recordsMax, bytesMax } = this.#window;
    for (const [id, { lsn, bytes, hash }] of this.#known) {
      if (this.#known.size <= recordsMax && this.#bytes <= bytesMax) return;
      this.#known.delete(id);
      this.#bytes -= bytes;
      this.#largeBytes -= this.#large.get(id) ?? 0;
      this.#large.delete(id);
      this.hash = (this.hash - hash) >>> 0;
      this.forgottenLsn = lsn;
    }
  }

  #forgetLarge(): void {
    for (const [id, bytes] of this.#large) {
      if (this.#largeBytes <= this.#window.resultBytesMax) return;
      this.#large.delete(id);
      this.#largeBytes -= bytes;
      const known = this.#known.get(id);
      if (known === undefined) continue;
      const shortened = { ...known, result: { ...known.result, results: null } };
      const hash = hashOfRequest(id, shortened);
      this.#known.set(id, { ...shortened, hash });
      this.hash = (this.hash - known.hash + hash) >>> 0;
    }
  }

  /** A copy that stays as it is. */
  freeze(): ReadonlyMap<string, Remembered> {
    return new Map(this.#known);
  }

  /** One of a snapshot, which come oldest first. */
  restore(id: string, remembered: Remembered): void {
    this.#add(id, remembered);
  }
}

/** Share of the state hash. */
export function hashOfRequest(id: string, { lsn, payloadHash, result }: Remembered): number {
  return mix(mixNumber(mixText(payloadHash, id), lsn), hashOfResult(result));
}

/**
 * Idempotency keys and how their requests ended (DESIGN.md §5 rule 14): a window of the newest ones,
 * bounded in count and in bytes. Results that hold values have a bound of their own, and are
 * forgotten before their keys are: whoever asks for one then learns that it was done, and is never
 * run again, and large results cannot push out the small ones of everybody else.
 */
import type { RequestTag } from './command-fields.ts';
import type { DedupeWindow } from './limits.ts';
import { ownResult, type Result, resultBytes } from './result.ts';

export interface Remembered {
  readonly lsn: number;
  readonly payloadHash: number;
  readonly result: Result;
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
  #known = new Map<string, Remembered>();
  #bytes = 0;
  /** Bytes of the results that are larger than a status, oldest first. */
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
    this.#known.set(id, remembered);
    this.#bytes += id.length + overheadBytes;
    this.hash = (this.hash + hashOfRequest(remembered)) >>> 0;
    const bytes = resultBytes(remembered.result);
    if (bytes === 0) return;
    this.#large.set(id, bytes);
    this.#largeBytes += bytes;
  }

  #forgetOldest(): void {
    const { recordsMax, bytesMax } = this.#window;
    for (const [id, oldest] of this.#known) {
      if (this.#known.size <= recordsMax && this.#bytes <= bytesMax) return;
      this.#known.delete(id);
      this.#bytes -= id.length + overheadBytes;
      this.#largeBytes -= this.#large.get(id) ?? 0;
      this.#large.delete(id);
      this.hash = (this.hash - hashOfRequest(oldest)) >>> 0;
      this.forgottenLsn = oldest.lsn;
    }
  }

  #forgetLarge(): void {
    for (const [id, bytes] of this.#large) {
      if (this.#largeBytes <= this.#window.resultBytesMax) return;
      this.#large.delete(id);
      this.#largeBytes -= bytes;
      const known = this.#known.get(id);
      if (known !== undefined) {
        this.#known.set(id, { ...known, result: { ...known.result, results: null } });
      }
    }
  }

  /** A copy that stays as it is. */
  freeze(): Map<string, Remembered> {
    return new Map(this.#known);
  }

  /** With the contents of a snapshot, oldest first. */
  static thaw(
    frozen: ReadonlyMap<string, Remembered>,
    forgottenLsn: number,
    window: DedupeWindow,
  ): Requests {
    const requests = new Requests(window);
    requests.forgottenLsn = forgottenLsn;
    for (const [id, remembered] of frozen) requests.#add(id, remembered);
    return requests;
  }
}

/** Share of the state hash. */
export function hashOfRequest({ lsn, payloadHash }: Remembered): number {
  return Math.imul(lsn ^ payloadHash, 0x9e3779b1) >>> 0;
}

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

/**
 * Takes the entries of a map out, oldest first. It remembers where it is: whoever begins at the first
 * entry each time steps over the places of all that were taken before, of which a map keeps as many
 * as it has entries.
 */
class OldestFirst<Value> {
  readonly #map: Map<string, Value>;
  /** Made when it is needed: one that rests keeps alive what the map has grown out of. */
  #entries: MapIterator<[string, Value]> | null = null;

  constructor(map: Map<string, Value>) {
    this.#map = map;
  }

  /** undefined where there is none. */
  take(): readonly [key: string, value: Value] | undefined {
    // All that is there lies ahead of it: what lies behind was taken. At the end it would stay there.
    if (this.#map.size === 0) return undefined;
    this.#entries ??= this.#map.entries();
    const { value: entry } = this.#entries.next();
    if (entry !== undefined) this.#map.delete(entry[0]);
    return entry;
  }
}

export class Requests {
  /** Requests at or below this lsn may have been forgotten. */
  forgottenLsn = 0;
  /** Sum of the hashes of what is remembered, modulo 2^32. */
  hash = 0;
  readonly #window: DedupeWindow;
  /** In the order of their lsns, so the first is the oldest. */
  readonly #known = new Map<string, Known>();
  readonly #oldest = new OldestFirst(this.#known);
  #bytes = 0;
  /** Bytes of the large results, oldest first. */
  readonly #large = new Map<string, number>();
  readonly #oldestLarge = new OldestFirst(this.#large);
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
    while (this.#known.size > recordsMax || this.#bytes > bytesMax) {
      const oldest = this.#oldest.take();
      if (oldest === undefined) return;
      const [id, { lsn, bytes, hash }] = oldest;
      this.#bytes -= bytes;
      this.#largeBytes -= this.#large.get(id) ?? 0;
      this.#large.delete(id);
      this.hash = (this.hash - hash) >>> 0;
      this.forgottenLsn = lsn;
    }
  }

  #forgetLarge(): void {
    while (this.#largeBytes > this.#window.resultBytesMax) {
      const oldest = this.#oldestLarge.take();
      if (oldest === undefined) return;
      const [id, bytes] = oldest;
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

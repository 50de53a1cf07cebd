/**
 * Under load the next batch waits a moment for the clients that were answered just now, because
 * they are about to ask again: a batch without them would need a sync and its messages for a part
 * of the clients only, and theirs another one. Writes that come at times of their own are not
 * waited for: who waited for them finds as many others in the queue the next time.
 */

/** From so many answers at once on it is waited. */
const answeredMin = 8;
/** Of the clients that may be there again: nobody should wait for the last one. */
const gatherShare = 0.97;
/** A larger share of writes that came before the answers is no coincidence, right after a wait. */
const strangersShareMax = 0.25;
/** A wait that ended with less than this share of its clients was in vain. */
const returnedShareMin = 0.5;
/** One may be a pause of the clients' machine; after so many in a row … */
const vainWaitsMax = 2;
/** … so many batches wait for nobody. */
const restBatches = 16;

export class Gathering {
  /** ms. */
  readonly #gatherMs: number;
  #untilMs = 0;
  /** With so many waiting writes it is over. */
  #count = 0;
  #hasWaited = false;
  #wasInVain = false;
  #vainWaits = 0;
  #restBatches = 0;

  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs;
  }

  /** Monotonic ms; in the past where nothing is waited for. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** `answeredCount` writes were answered at once, while `waitingCount` others wait. */
  begin(waitingCount: number, answeredCount: number, nowMs: number): void {
    if (answeredCount < answeredMin) return;
    const expected = waitingCount + answeredCount;
    if (this.#hasWaited) this.#judge(waitingCount > expected * strangersShareMax);
    if (this.#restBatches > 0) {
      this.#restBatches -= 1;
      return;
    }
    this.#count = Math.floor(expected * gatherShare);
    this.#untilMs = nowMs + this.#gatherMs;
    this.#hasWaited = true;
  }

  isOver(waitingCount: number, nowMs: number): boolean {
    return nowMs >= this.#untilMs || waitingCount >= this.#count;
  }

  /** A batch was made of the `waitingCount` writes. */
  end(waitingCount: number): void {
    this.#wasInVain = waitingCount < this.#count * returnedShareMin;
    this.#untilMs = 0;
  }

  /** Whether the last wait was worth it. */
  #judge(isAmongStrangers: boolean): void {
    this.#hasWaited = false;
    this.#vainWaits = this.#wasInVain || isAmongStrangers ? this.#vainWaits + 1 : 0;
    if (this.#vainWaits < vainWaitsMax) return;
    this.#vainWaits = 0;
    this.#restBatches = restBatches;
  }
}

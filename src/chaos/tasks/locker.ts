/** Takes a lock, holds it for a moment and gives it back. */
import { pause } from '../../contract/until.ts';
import type { LockBook } from '../../verify/lock-book.ts';
import { Task, type TaskOptions } from './task.ts';

const name = 'task/lock';
const ttlSeconds = 3;
const waitMs = 5000;
const holdMsMax = 200;
/** How often a holder makes sure that it still is one. */
const lookMs = 20;

export class Locker extends Task {
  readonly #book: LockBook;

  constructor(options: TaskOptions, book: LockBook) {
    super(options);
    this.#book = book;
  }

  protected async turn(): Promise<void> {
    const lock = await this.call(() => this.client.lock(name, { ttl: ttlSeconds, waitMs }));
    if (lock === null) return;
    // What is lost by now was never held.
    if (lock.signal.aborted) return;
    const fromMs = performance.now();
    const hold = { name, token: lock.token, fromMs, untilMs: fromMs };
    const endMs = fromMs + Math.random() * holdMsMax;
    // It counts on the lock only while it has looked: this process may stand still, too.
    while (!lock.signal.aborted && performance.now() < endMs) {
      hold.untilMs = performance.now();
      await pause(lookMs);
    }
    this.#book.holds.push(hold);
    await lock.release();
  }

  override async faults(): Promise<readonly string[]> {
    const fault = this.#book.fault();
    return fault === null ? this.seen : [...this.seen, `locks: ${fault}`];
  }
}

/**
 * Puts keys with a lifetime, lengthens some, and looks at them while they must be there: no takeover,
 * no pause and no power cut shortens a lifetime. After the end all of them are gone.
 */
import { pause, until } from '../../contract/until.ts';
import { Task } from './task.ts';

/** What the clocks of two machines may differ by, and more; on one machine they do not. */
const surestShare = 0.95;
const ttlSecondsMin = 0.5;
const ttlSecondsMax = 6;

const drawTtl = () => ttlSecondsMin + Math.random() * (ttlSecondsMax - ttlSecondsMin);

export class Lodger extends Task {
  #keys = 0;
  readonly #looks: Promise<void>[] = [];

  get #prefix(): string {
    return `task/${this.name}/`;
  }

  protected async turn(): Promise<void> {
    this.#keys += 1;
    const key = this.#prefix + this.#keys;
    let ttl = drawTtl();
    let startMs = performance.now();
    if ((await this.call(() => this.client.put(key, key, { ttl }))) === null) return;
    if (Math.random() < 0.3) {
      ttl = drawTtl();
      startMs = performance.now();
      // Where nobody knows, or it was too late, either lifetime may be in force.
      if ((await this.call(() => this.client.touch(key, ttl))) !== true) return;
    }
    this.#looks.push(this.#look(key, startMs + ttl * 1000 * surestShare));
  }

  /** Some time before it may end; others are put meanwhile. */
  async #look(key: string, liveUntilMs: number): Promise<void> {
    const leftMs = liveUntilMs - performance.now();
    if (leftMs > 0) await pause(leftMs * (0.3 + Math.random() * 0.7));
    let hasFailed = false;
    const entry = await this.call(
      () => this.client.get(key),
      () => {
        hasFailed = true;
      },
    );
    const earlyMs = liveUntilMs - performance.now();
    if (entry === null && !hasFailed && earlyMs > 0) {
      this.seen.push(`lifetimes: ${key} is gone ${earlyMs.toFixed(0)} ms too early`);
    }
  }

  override async faults(): Promise<readonly string[]> {
    await Promise.all(this.#looks);
    try {
      await until(`all keys of ${this.name} are gone`, () => this.#areGone());
      return this.seen;
    } catch (error) {
      return [...this.seen, `lifetimes: ${(error as Error).message}`];
    }
  }

  async #areGone(): Promise<boolean> {
    for await (const _ of this.client.keys({ prefix: this.#prefix })) return false;
    return true;
  }
}

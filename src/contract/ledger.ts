/**
 * A client that writes each key once and never again: whatever it was told is there can be looked
 * for at the end, one by one. It finds a lost write even where the checkers could explain it.
 */
import { type Client, createClient } from '../client/client.ts';
import { DsmError } from '../core/errors.ts';
import { pause } from './until.ts';

/** Reads at one time when all entries are looked for. */
const readersMax = 16;

export class Ledger {
  readonly #client: Client;
  readonly #prefix: string;
  readonly #thinkMs: number;
  /** Keys of acknowledged writes with their revisions. */
  readonly #written = new Map<string, number>();
  /** Nobody else writes these keys: a conflict is a write that was applied twice. */
  readonly #faults: string[] = [];
  #isStopped = false;

  constructor(masterUrls: readonly string[], prefix: string, thinkMs: number) {
    this.#client = createClient({ masters: masterUrls, timeoutMs: 15_000 });
    this.#prefix = prefix;
    this.#thinkMs = thinkMs;
  }

  get length(): number {
    return this.#written.size;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Resolves after `stop`, when the last call has ended. */
  async run(): Promise<void> {
    for (let number = 0; !this.#isStopped; number += 1) {
      const key = `${this.#prefix}${number}`;
      try {
        const result = await this.#client.put(key, `value of ${key}`, { ifAbsent: true });
        if (result.ok) this.#written.set(key, result.revision);
        else
          this.#faults.push(`${key} was written before it was written @${result.currentRevision}`);
      } catch (error) {
        // Of this one nothing was promised; the next key is another one.
        if (!(error instanceof DsmError)) throw error;
      }
      await pause(this.#thinkMs);
    }
  }

  /** What is not as it was promised: acknowledged entries that are not there, in words. */
  async faults(): Promise<string[]> {
    const missing = [...this.#faults];
    const entries = this.#written.entries();
    const readSome = async () => {
      for (const [key, revision] of entries) {
        const entry = await this.#client.get(key);
        if (entry?.text() === `value of ${key}` && entry.revision === revision) continue;
        missing.push(`${key} @${revision}: ${entry === null ? 'absent' : `@${entry.revision}`}`);
      }
    };
    await Promise.all(Array.from({ length: readersMax }, readSome));
    return missing;
  }
}

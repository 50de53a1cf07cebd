/**
 * Watches what one writer writes. Every change that was acknowledged is told once, in order, with its
 * value, through whatever happens to connections and nodes; where too much was missed, the watch says
 * so (`reset`) and begins with what is there.
 */
import type { WatchEvent } from '../../client/types.ts';
import { until } from '../../contract/until.ts';
import { Task, type TaskOptions } from './task.ts';

const prefix = 'task/watched/';
const keys = 5;

/** Writes values that nobody else writes. */
export class Author extends Task {
  /** Revision → value of what was acknowledged. */
  readonly written = new Map<number, string>();
  #count = 0;

  protected async turn(): Promise<void> {
    this.#count += 1;
    const value = String(this.#count);
    const key = prefix + (this.#count % keys);
    const written = await this.call(() => this.client.put(key, value));
    if (written !== null) this.written.set(written.revision, value);
  }
}

/** Revisions from `from` up to `to` were never told one by one. */
interface Gap {
  readonly from: number;
  readonly to: number;
}

/** What a watch has told, and what that says of what was written. */
export class WatchNotes {
  /** Revision → value, or how the key went. */
  readonly told = new Map<number, string>();
  readonly faults: string[] = [];
  readonly #gaps: Gap[] = [];
  #last = 0;
  /** Since the last `reset`, or from the beginning, `synced` was told. */
  #isSynced = false;

  get last(): number {
    return this.#last;
  }

  note(event: WatchEvent): void {
    const { kind, revision } = event;
    if (kind === 'reset') {
      this.#isSynced = false;
    } else if (kind === 'synced') {
      if (!this.#isSynced) this.#gaps.push({ from: this.#last + 1, to: revision });
      this.#isSynced = true;
      this.#last = Math.max(this.#last, revision);
    } else if (this.#isSynced) {
      if (revision <= this.#last) this.faults.push(`${revision} was told after ${this.#last}`);
      this.#last = Math.max(this.#last, revision);
      this.told.set(revision, event.kind === 'put' ? event.entry.text() : kind);
    }
  }

  /** Also what was written and not told. */
  allFaults(written: ReadonlyMap<number, string>): string[] {
    const missed = [...written].filter(([revision, value]) => {
      const isInGap = this.#gaps.some(({ from, to }) => revision >= from && revision <= to);
      return !isInGap && this.told.get(revision) !== value;
    });
    return [
      ...this.faults,
      ...missed.map(
        ([revision, value]) => `${value} @${revision} was told as ${this.told.get(revision)}`,
      ),
    ];
  }
}

const shownMax = 5;

export class Follower extends Task {
  readonly #author: Author;
  readonly #notes = new WatchNotes();
  readonly #end = new AbortController();
  #watching: Promise<void> | null = null;

  constructor(options: TaskOptions, author: Author) {
    super(options);
    this.#author = author;
  }

  protected async turn(): Promise<void> {
    this.#watching ??= this.#watch();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#end;
    this.calls += 1;
    try {
      for await (const event of this.client.watch({ prefix, signal })) this.#notes.note(event);
    } catch (error) {
      if (!signal.aborted) this.seen.push(`watches: it ended with ${String(error)}`);
    }
  }

  override async faults(): Promise<readonly string[]> {
    const { revision } = await this.client.put(`${prefix}end-of-${this.name}`, 'end');
    try {
      await until('the last change is told', () => this.#notes.last >= revision);
    } catch (error) {
      this.seen.push(`watches: ${(error as Error).message}`);
    }
    this.#end.abort();
    await this.#watching;
    const faults = this.#notes.allFaults(this.#author.written);
    return [...this.seen, ...faults.slice(0, shownMax).map((text) => `watches: ${text}`)];
  }
}

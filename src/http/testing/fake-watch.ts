/** A watch that tells what a test gives it. */
import type { Change } from '../../core/history.ts';
import type { ReadOptions } from '../../node/api.ts';
import type { Watch, WatchBatch, WatchEvent, WatchScope } from '../../node/watcher.ts';

export interface WatchAsked {
  readonly scope: WatchScope;
  readonly from: number | null;
  readonly options: ReadOptions;
}

export class FakeWatch implements Watch {
  readonly asked: WatchAsked;
  isReset = false;
  isOver = false;
  revision = 0;
  /** Called when something is taken: a test lets that take time. */
  onTake: () => void = () => {};
  /** Each is told in a batch of its own. */
  #batches: WatchBatch[] = [];
  #ready: (() => void) | null = null;

  constructor(asked: WatchAsked) {
    this.asked = asked;
  }

  tell(...events: readonly WatchEvent[]): void {
    this.#batches.push({ events, hasMore: false });
    this.#wake();
  }

  /** A piece of a long history in which nothing was in scope. */
  tellNothingYet(): void {
    this.#batches.push({ events: [], hasMore: true });
    this.#wake();
  }

  take(): WatchBatch {
    this.onTake();
    return this.#batches.shift() ?? { events: [], hasMore: false };
  }

  onReady(ready: () => void): void {
    this.#ready = ready;
    if (this.#batches.length > 0 || this.isOver) this.#wake();
  }

  #wake(): void {
    const ready = this.#ready;
    this.#ready = null;
    ready?.();
  }

  close(): void {
    this.isOver = true;
    this.#wake();
  }
}

export function putOf(key: string, text: string, revision: number): Change {
  const value = new TextEncoder().encode(text);
  return { kind: 'put', key, revision, value, contentType: 'text/plain' };
}

/** The only change of its revision. */
export function told(change: Change): WatchEvent {
  return { kind: 'change', change, resumeFrom: change.revision };
}

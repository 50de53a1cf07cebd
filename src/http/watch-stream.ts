/**
 * A watch as a stream of Server-Sent Events. It is pulled: events are taken from the watch when the
 * runtime has sent what it was given, so nothing is buffered here however slow the client is. A
 * stream is never silent for long: Bun closes what is, and a client must know that it is served.
 */
import type { NodeApi } from '../node/api.ts';
import type { Watch } from '../node/watcher.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { ValueMode } from './json-values.ts';
import { commentField, encodeBookmark, encodeEvents, retryField } from './watch-events.ts';
import type { Turns } from './watch-turns.ts';
import { untilReady } from './watch-wait.ts';

/** Less than the 5 s that clients are promised, so that a busy machine keeps the promise. */
export const bookmarkMs = 4000;
/** A client that takes nothing for so long is cut off: most likely it is gone. */
export const stalledMs = 30_000;
/** Events of one chunk, bytes: making it holds up everything else. */
const chunkBytesMax = 128 * 1024;

export interface WatchStreamOptions {
  readonly node: NodeApi;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly watch: Watch;
  readonly values: ValueMode;
}

export function streamOf(options: WatchStreamOptions): ReadableStream<Uint8Array> {
  const feed = new WatchFeed(options);
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => feed.expectClient(controller),
      pull: (controller) => feed.pull(controller),
      cancel: () => feed.cancel(),
    },
    { highWaterMark: 0 },
  );
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

const encoder = new TextEncoder();

class WatchFeed {
  readonly #options: WatchStreamOptions;
  /** What every stream begins with, until it is sent. */
  #head = retryField;
  #stalled: Timer | null = null;
  #isCancelled = false;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
  }

  /** Resolves when something was given to `controller`, or the stream has ended. */
  async pull(controller: Controller): Promise<void> {
    this.#stalled?.cancel();
    const text = await this.#next();
    if (this.#isCancelled) return;
    if (text === null) {
      controller.close();
      return;
    }
    controller.enqueue(encoder.encode(this.#head + text));
    this.#head = '';
    this.expectClient(controller);
  }

  /** Null when the watch is over: the client goes on from what it was told, at another node. */
  async #next(): Promise<string | null> {
    const { node, clock, turns, watch, values } = this.#options;
    const startMs = clock.monotonicMs();
    for (;;) {
      const { text, hasMore } = await turns.run(() => {
        const batch = watch.take(chunkBytesMax);
        return { text: encodeEvents(batch.events, values), hasMore: batch.hasMore };
      });
      if (text !== '') return text;
      if (watch.isOver) return null;
      if (hasMore) {
        // Not a bookmark: before `synced` there is no place to resume.
        if (clock.monotonicMs() - startMs >= bookmarkMs) return commentField;
      } else if ((await untilReady(watch, clock, bookmarkMs)) === 'late') {
        if (node.isInTouch()) return encodeBookmark(watch.revision);
        watch.close();
      }
    }
  }

  /** The client must take what it is given, or the stream breaks. */
  expectClient(controller: Controller): void {
    this.#stalled = this.#options.clock.setTimer(stalledMs, () => {
      this.cancel();
      controller.error(new Error('the client has taken nothing for too long'));
    });
  }

  /** The client is gone. */
  cancel(): void {
    this.#isCancelled = true;
    this.#stalled?.cancel();
    this.#options.watch.close();
  }
}

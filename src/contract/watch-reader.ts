/** One connection to `/v1/watch`, read as a browser would: nothing is done for it when it ends. */
import { EventParser } from '../client/event-stream.ts';

export interface SeenEvent {
  readonly name: string;
  readonly id: string | null;
  readonly data: {
    readonly key?: string;
    readonly revision: number;
    readonly value?: string;
  };
}

export class WatchReader {
  readonly response: Response;
  /** Resolves when the stream has ended, or was broken. */
  readonly ended: Promise<'closed' | 'broken'>;
  readonly events: SeenEvent[] = [];
  readonly #abort: AbortController;
  #onEvent = () => {};

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.ended = this.#read();
  }

  static async open(
    url: string,
    query = '',
    lastEventId: string | null = null,
  ): Promise<WatchReader> {
    const abort = new AbortController();
    const headers = lastEventId === null ? {} : { 'last-event-id': lastEventId };
    const { signal } = abort;
    return new WatchReader(await fetch(`${url}/v1/watch${query}`, { headers, signal }), abort);
  }

  async #read(): Promise<'closed' | 'broken'> {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body ?? []) {
        for (const { name, id, data } of parser.push(decoder.decode(chunk, { stream: true }))) {
          this.events.push({ name, id, data: JSON.parse(data) });
        }
        this.#onEvent();
      }
      return 'closed';
    } catch {
      return 'broken';
    } finally {
      this.#onEvent();
    }
  }

  /** Where a client would go on: the last id. */
  get lastId(): string | null {
    return this.events.findLast(({ id }) => id !== null)?.id ?? null;
  }

  /** Changes and the like, without bookmarks, as `name key value`. */
  get shown(): string[] {
    return this.events
      .filter(({ name }) => name !== 'bookmark')
      .map(({ name, data }) => [name, data.key, data.value].filter(Boolean).join(' '));
  }

  /** Resolves when an event fulfils `condition`, with all events until then; or when all is over. */
  async until(condition: (event: SeenEvent) => boolean): Promise<readonly SeenEvent[]> {
    for (;;) {
      if (this.events.some(condition)) return this.events;
      const more = new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
      const isOver = await Promise.race([more, this.ended]);
      if (isOver !== undefined && !this.events.some(condition)) {
        throw new Error(`the stream was ${isOver} after: ${this.shown.slice(-5).join(', ')}`);
      }
    }
  }

  close(): void {
    this.#abort.abort();
  }
}

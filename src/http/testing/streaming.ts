/** A watch as a client sees it that reads its stream. */
import { FakeWatch } from './fake-watch.ts';
import { settled, setUp } from './set-up.ts';

/** Reads a stream as far as there is something. */
export class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  text = '';
  /** How it ended. */
  end: 'open' | 'closed' | 'broken' = 'open';

  constructor(response: Response) {
    if (response.body === null) throw new Error('there is no body');
    this.#reader = response.body.getReader();
  }

  async readOn(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.text += new TextDecoder().decode(value);
      }
      this.end = 'closed';
    } catch {
      this.end = 'broken';
    }
  }

  /** What came since the last call. */
  async taken(): Promise<string> {
    await settled();
    const { text } = this;
    this.text = '';
    return text;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

export async function streaming(query = '', headers: Readonly<Record<string, string>> = {}) {
  const setup = setUp();
  const response = await setup.app.request(`/v1/watch${query}`, { headers });
  const reader = new Reader(response);
  const watch = setup.node.watches[0] ?? new FakeWatch({} as FakeWatch['asked']);
  return { ...setup, response, reader, watch };
}

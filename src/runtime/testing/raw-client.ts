/** Speaks HTTP by hand, to send what no client would and to see what is really on the wire. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

export class RawClient {
  readonly #socket: Socket;
  #received = '';
  #isClosed = false;
  #onChange: () => void = () => {};

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text) => {
      this.#received += text;
      this.#onChange();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#isClosed = true;
      this.#onChange();
    });
  }

  send(text: string): this {
    this.#socket.write(text, 'latin1');
    return this;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Resolves when the other side has closed; rejects after `withinMs`. */
  closed(withinMs = 5000): Promise<void> {
    return this.#until(() => (this.#isClosed ? true : null), withinMs).then(() => {});
  }

  /** The next whole answer; to a HEAD without a body. Rejects where there is none in time. */
  answer(method = 'GET', withinMs = 5000): Promise<RawAnswer> {
    return this.#until(() => this.#parse(method), withinMs);
  }

  #parse(method: string): RawAnswer | null {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return null;
    const [first = '', ...lines] = this.#received.slice(0, end).split('\r\n');
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = method === 'HEAD' ? 0 : Number(headers.get('content-length') ?? 0);
    const bodyStart = end + 4;
    if (this.#received.length < bodyStart + length) return null;
    const text = this.#received.slice(bodyStart, bodyStart + length);
    this.#received = this.#received.slice(bodyStart + length);
    return { status: Number(first.split(' ')[1]), headers, text };
  }

  #until<T>(look: () => T | null, withinMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#onChange = () => {};
        const state = this.#isClosed ? 'closed' : 'open';
        reject(new Error(`nothing in ${withinMs} ms; ${state}; received: ${this.#received}`));
      }, withinMs);
      this.#onChange = () => {
        const seen = look();
        if (seen === null) return;
        this.#onChange = () => {};
        clearTimeout(timer);
        resolve(seen);
      };
      this.#onChange();
    });
  }
}

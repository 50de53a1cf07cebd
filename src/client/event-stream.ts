/**
 * Server-Sent Events as they arrive (WHATWG HTML, "Server-sent events"), of what our nodes send:
 * lines that end with LF or CRLF. `EventSource` does not do: it sends no headers and cannot be told
 * to go on at another node.
 */
export interface StreamEvent {
  /** `message` where the stream does not say. */
  readonly name: string;
  readonly data: string;
  /** Null where the event has none: it is no place to resume. */
  readonly id: string | null;
}

/** Far more than the largest value makes. */
const pendingCharsMax = 64 * 1024 * 1024;

export class EventParser {
  #pending = '';
  #name = '';
  #data: string[] = [];
  #id: string | null = null;

  /** The events that `text` completes. Throws where one does not end. */
  push(text: string): StreamEvent[] {
    const lines = (this.#pending + text).split('\n');
    this.#pending = lines.pop() ?? '';
    if (this.#pending.length > pendingCharsMax)
      throw new Error('an event of the stream is too long');
    return lines.flatMap((line) => this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  #onLine(line: string): StreamEvent[] {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id') this.#id = value;
    return [];
  }

  #dispatch(): StreamEvent[] {
    const event = { name: this.#name || 'message', data: this.#data.join('\n'), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#name = '';
    this.#data = [];
    this.#id = null;
    return isEmpty ? [] : [event];
  }
}

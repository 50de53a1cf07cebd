/**
 * HTTP byte by byte over a socket: for what `fetch` would put right before it is sent (paths,
 * headers, bodies that stop in the middle), and for requests to a process that stands still.
 */
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  /** 0 where the connection was closed without an answer. */
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface RawRequest {
  readonly method: string;
  /** Sent as it is. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export class RawConnection {
  readonly #socket: Socket;
  /**
   * Resolves with the first answer when it is whole, or with what there was of it when the
   * connection was closed, by whom and however.
   */
  readonly answer: Promise<RawAnswer>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let received = Buffer.alloc(0);
    this.answer = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        const answer = parseAnswer(received);
        const length = Number(answer.headers.get('content-length') ?? Number.POSITIVE_INFINITY);
        if (answer.body.length >= length) resolve(answer);
      });
      // An error is a way of being closed: what matters is what had come by then.
      socket.on('error', () => {});
      socket.once('close', () => resolve(parseAnswer(received)));
    });
  }

  /** Also to a process that stands still: its system takes the connection, and the bytes. */
  static open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  send(bytes: string | Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Leaves what is received where it is, so that the other side cannot send more. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Ends the connection without a word. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/** One request on a connection of its own. */
export async function exchange(url: string, request: RawRequest): Promise<RawAnswer> {
  const connection = await RawConnection.open(url);
  connection.send(encodeRequest(url, request));
  const answer = await connection.answer;
  connection.destroy();
  return answer;
}

/** `Host`, `Connection: close` and the length of the body are added. */
export function encodeRequest(url: string, request: RawRequest): Uint8Array {
  const { method, target, headers = {}, body = '' } = request;
  const bytes = Buffer.from(body);
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${new URL(url).host}`, 'Connection: close'];
  if (method !== 'GET' && method !== 'HEAD') lines.push(`Content-Length: ${bytes.length}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), bytes]);
}

const noAnswer: RawAnswer = Object.freeze({
  status: 0,
  headers: new Map<string, string>(),
  body: Buffer.alloc(0),
});

/** The answer in `bytes` as far as it is there; nodes announce the length of what they send. */
function parseAnswer(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return noAnswer;
  const [statusLine = '', ...fields] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(':');
    headers.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(' ')[1]), headers, body: bytes.subarray(end + 4) };
}

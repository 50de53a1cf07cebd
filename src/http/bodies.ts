/** Bodies of requests, read within bounds of bytes and of time. */
import { BodyCollector } from '../adapters/body-collector.ts';
import { Deadlines } from '../adapters/deadlines.ts';
import { DsmError } from '../core/errors.ts';
import type { Clock } from '../ports/clock.ts';

/** How late a stalled body may be noticed. */
const resolutionMs = 250;

export class BodyReader {
  readonly #deadlines: Deadlines;
  readonly #timeoutMs: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.#deadlines = new Deadlines(clock, resolutionMs);
    this.#timeoutMs = timeoutMs;
  }

  /** Throws `too_large`, `request_timeout` for one that stalls, `invalid_request` for one cut short. */
  read(request: Request, bytesMax: number): Promise<Uint8Array> {
    const announced = request.headers.get('content-length');
    if (announced === null) return this.#readStream(request.body, bytesMax);
    // Refused before it is sent: a client that asks first, with Expect, need not send it at all.
    if (Number(announced) > bytesMax) return Promise.reject(tooLarge(bytesMax));
    return this.#inTime(request.arrayBuffer(), (buffer) => sized(buffer, bytesMax));
  }

  #readStream(stream: Request['body'], bytesMax: number): Promise<Uint8Array> {
    if (stream === null) return Promise.resolve(new Uint8Array(0));
    const reader = stream.getReader();
    const collecting = collect(reader, bytesMax);
    return this.#inTime(
      collecting,
      (bytes) => bytes,
      () => drop(reader),
    );
  }

  /** `take` may throw. In one promise: this is on the way of every write. */
  #inTime<Body>(
    reading: Promise<Body>,
    take: (body: Body) => Uint8Array,
    giveUp = () => {},
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const deadline = this.#deadlines.set(this.#timeoutMs, () => {
        reject(new DsmError('request_timeout', `The body did not arrive in ${this.#timeoutMs} ms`));
        giveUp();
      });
      const fail = (error: unknown) => {
        this.#deadlines.lift(deadline);
        reject(error instanceof DsmError ? error : cutShort(error));
      };
      reading.then((body) => {
        try {
          resolve(take(body));
          this.#deadlines.lift(deadline);
        } catch (error) {
          fail(error);
        }
      }, fail);
    });
  }
}

/** The length that was announced is the sender's word. */
function sized(buffer: ArrayBuffer, bytesMax: number): Uint8Array {
  if (buffer.byteLength > bytesMax) throw tooLarge(bytesMax);
  return new Uint8Array(buffer);
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function collect(reader: Reader, bytesMax: number): Promise<Uint8Array> {
  const body = new BodyCollector(bytesMax);
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) return body.take();
    if (body.push(value)) continue;
    drop(reader);
    throw tooLarge(bytesMax);
  }
}

/** The rest is not wanted; whether the sender hears of that does not matter. */
function drop(reader: Reader): void {
  reader.cancel().catch(() => {});
}

function tooLarge(bytesMax: number): DsmError {
  return new DsmError('too_large', `A body here has at most ${bytesMax} bytes`);
}

function cutShort(cause: unknown): DsmError {
  return new DsmError('invalid_request', 'The body ended before it was whole', { cause });
}

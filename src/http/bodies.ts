/** Bodies of requests, read within bounds of bytes and of time. */
import { BodyCollector } from '../adapters/body-collector.ts';
import { Deadlines } from '../adapters/deadlines.ts';
import { DsmError } from '../core/errors.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * A request as Node has it. Hono's adapter hands it over beside the Request that it makes of it, whose
 * `arrayBuffer` costs promises, listeners and a second copy: a tenth of a PUT.
 */
export interface IncomingBody {
  /** The bytes belong to who listens. */
  on(event: 'data', listener: (chunk: Uint8Array<ArrayBuffer>) => void): unknown;
  /** `close` without `end` is a body cut short. */
  on(event: 'end' | 'close', listener: () => void): unknown;
}

/** How late a stalled body may be noticed. */
const resolutionMs = 250;

export class BodyReader {
  readonly #deadlines: Deadlines;
  readonly #timeoutMs: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.#deadlines = new Deadlines(clock, resolutionMs);
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects as `take` fails. */
  read(request: Request, bytesMax: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => this.take(request, bytesMax, resolve, reject));
  }

  /**
   * By callbacks, as this is on the way of every write. `onBody` is called once; `onFailure` with
   * `too_large`, `request_timeout` for a body that stalls, `invalid_request` for one cut short, or
   * with what `onBody` throws. Where there is `incoming`, the body is read from there.
   */
  take(
    request: Request,
    bytesMax: number,
    onBody: (body: Uint8Array) => void,
    onFailure: (reason: unknown) => void,
    incoming?: IncomingBody,
  ): void {
    const announced = request.headers.get('content-length');
    const ends = { onBody, onFailure };
    if (announced === null) {
      this.#takeStream(request.body, bytesMax, ends);
    } else if (Number(announced) > bytesMax) {
      // Refused before it is sent: a client that asks first, with Expect, need not send it at all.
      onFailure(tooLarge(bytesMax));
    } else if (incoming !== undefined) {
      this.#takeIncoming(incoming, { bytes: Number(announced), bytesMax }, ends);
    } else {
      this.#inTime(request.arrayBuffer(), (buffer) => sized(buffer, bytesMax), ends);
    }
  }

  /** Of `bytes`, as the parser of HTTP holds the sender to; a lax one may not. */
  #takeIncoming(
    incoming: IncomingBody,
    { bytes, bytesMax }: { readonly bytes: number; readonly bytesMax: number },
    { onBody, onFailure }: Ends,
  ): void {
    const deadline = this.#deadlines.set(this.#timeoutMs, () => onFailure(this.#tooSlow()));
    let whole: Uint8Array = noBytes;
    let parts: BodyCollector | null = null;
    incoming.on('data', (chunk) => {
      if (isAlone(chunk, bytes)) {
        whole = new Uint8Array(chunk.buffer);
      } else {
        parts ??= new BodyCollector(bytesMax);
        parts.expect(bytes);
        parts.push(chunk);
      }
    });
    incoming.on('end', () => {
      try {
        if (!this.#deadlines.lift(deadline)) return;
        const body = parts?.take() ?? whole;
        if (body.length !== bytes) throw cutShort();
        onBody(body);
      } catch (error) {
        onFailure(error);
      }
    });
    incoming.on('close', () => {
      if (this.#deadlines.lift(deadline)) onFailure(cutShort());
    });
  }

  #takeStream(stream: Request['body'], bytesMax: number, ends: Ends): void {
    if (stream === null) {
      this.#inTime(Promise.resolve(noBytes), asItIs, ends);
      return;
    }
    const reader = stream.getReader();
    this.#inTime(collect(reader, bytesMax), asItIs, ends, () => drop(reader));
  }

  /** `sizedOf` may throw. */
  #inTime<Body>(
    reading: Promise<Body>,
    sizedOf: (body: Body) => Uint8Array,
    { onBody, onFailure }: Ends,
    giveUp = () => {},
  ): void {
    const deadline = this.#deadlines.set(this.#timeoutMs, () => {
      onFailure(this.#tooSlow());
      giveUp();
    });
    // Who was told that it took too long is told nothing more.
    const isInTime = () => this.#deadlines.lift(deadline);
    const arrived = (body: Body) => {
      try {
        if (isInTime()) onBody(sizedOf(body));
      } catch (error) {
        onFailure(error);
      }
    };
    const broken = (error: unknown) => {
      if (isInTime()) onFailure(error instanceof DsmError ? error : cutShort(error));
    };
    reading.then(arrived, broken);
  }

  #tooSlow(): DsmError {
    return new DsmError('request_timeout', `The body did not arrive in ${this.#timeoutMs} ms`);
  }
}

/** All of a body, and nothing else in its buffer: it can be kept without a copy. */
function isAlone(chunk: Uint8Array, bodyBytes: number): boolean {
  return chunk.length === bodyBytes && chunk.buffer.byteLength === bodyBytes;
}

interface Ends {
  readonly onBody: (body: Uint8Array) => void;
  readonly onFailure: (reason: unknown) => void;
}

const noBytes = new Uint8Array(0);

const asItIs = (bytes: Uint8Array): Uint8Array => bytes;

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

function cutShort(cause?: unknown): DsmError {
  return new DsmError('invalid_request', 'The body ended before it was whole', { cause });
}

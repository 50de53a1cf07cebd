/**
 * Calls that are made directly of one node, however little it may know of the world: raw requests
 * on connections of their own, also while its process stands still. Its system takes them; the node
 * finds them the moment it wakes up, before anything else can tell it that it was deposed.
 */
import { headerNames } from '../http/headers.ts';
import type { HistoryRecorder, RecordedCall } from '../verify/recorder.ts';
import { encodeRequest, type RawAnswer, RawConnection } from './raw-http.ts';
import { pause } from './until.ts';

/** What a direct call was answered. */
export interface Probed {
  readonly op: 'get' | 'put';
  /** 0 where the connection was closed without an answer. */
  readonly status: number;
  /** As the answer says; NaN where there was none. */
  readonly epoch: number;
}

/** A call that is on its way. In an object: a promise of a promise waits for both. */
export interface Sent {
  readonly answer: Promise<Probed>;
}

type Headings = Readonly<Record<string, string>>;

/** Between two rounds of `probeUntil`. */
const paceMs = 50;

export class DirectProbe {
  readonly #url: string;
  readonly #recorder: HistoryRecorder;
  readonly #name: string;
  #count = 0;

  /** Everything it does is part of the recorder's history. */
  constructor(url: string, recorder: HistoryRecorder, name: string) {
    this.#url = url;
    this.#recorder = recorder;
    this.#name = name;
  }

  /**
   * Sends a READ and a WRITE of each key, some to be served by this node or not at all, and
   * resolves when all of them are on their way.
   */
  async sendAll(keys: readonly string[]): Promise<readonly Sent[]> {
    const sent: Sent[] = [];
    for (const key of keys) {
      for (const headers of [{}, { 'Dsm-No-Forward': '1' }]) {
        sent.push(await this.#get(key, headers), await this.#put(key, headers));
      }
    }
    return sent;
  }

  /** `sendAll` again and again until `isOver`, however long the answers take; then all of them. */
  async probeUntil(keys: readonly string[], isOver: () => boolean): Promise<Probed[]> {
    const sent: Sent[] = [];
    while (!isOver()) {
      sent.push(...(await this.sendAll(keys)));
      await pause(paceMs);
    }
    return answersTo(sent);
  }

  async #get(key: string, headers: Headings): Promise<Sent> {
    const connection = await RawConnection.open(this.#url);
    const call = this.#recorder.call({ process: this.#process(), op: 'get', key });
    const answer = this.#send(connection, 'GET', key, headers, '');
    return { answer: answer.then((answered) => onRead(call, answered)) };
  }

  async #put(key: string, headers: Headings): Promise<Sent> {
    const connection = await RawConnection.open(this.#url);
    const process = this.#process();
    const value = `${process} to ${key}`;
    const call = this.#recorder.call({ process, op: 'put', key, value });
    const answer = this.#send(connection, 'PUT', key, headers, value);
    return { answer: answer.then((answered) => onWritten(call, answered)) };
  }

  /** Each call is a process of its own: none waits for another. */
  #process(): string {
    this.#count += 1;
    return `${this.#name}.${this.#count}`;
  }

  async #send(
    connection: RawConnection,
    method: string,
    key: string,
    headers: Headings,
    body: string,
  ): Promise<RawAnswer> {
    connection.send(encodeRequest(this.#url, { method, target: `/v1/kv/${key}`, headers, body }));
    const answer = await connection.answer;
    connection.destroy();
    return answer;
  }
}

export function answersTo(sent: readonly Sent[]): Promise<Probed[]> {
  return Promise.all(sent.map(({ answer }) => answer));
}

function onRead(call: RecordedCall, answer: RawAnswer): Probed {
  const nodeRevision = numberOf(answer, headerNames.revision);
  if (answer.status === 200) {
    const revision = Number(answer.headers.get('etag')?.replaceAll('"', ''));
    call.ok({ value: answer.body.toString(), revision, nodeRevision });
  } else if (answer.status === 404) {
    call.ok({ value: null, nodeRevision });
  } else {
    call.notApplied();
  }
  return { op: 'get', status: answer.status, epoch: numberOf(answer, headerNames.epoch) };
}

function onWritten(call: RecordedCall, answer: RawAnswer): Probed {
  const { status } = answer;
  if (status === 200 || status === 201) {
    const revision = Number(answer.headers.get('etag')?.replaceAll('"', ''));
    call.ok({ revision, nodeRevision: numberOf(answer, headerNames.revision) });
  } else if (status === 421 || status === 503) {
    call.notApplied();
  } else {
    call.unknown();
  }
  return { op: 'put', status, epoch: numberOf(answer, headerNames.epoch) };
}

const numberOf = ({ headers }: RawAnswer, name: string) => Number(headers.get(name) ?? Number.NaN);

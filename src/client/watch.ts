/**
 * A watch that outlives connections and nodes. Where a connection ends, the next one, to whichever
 * node serves it, goes on behind the last revision that was told whole; so each change is told once,
 * in order. The changes of a transaction are told together: those that came without the rest, before
 * a connection broke, are not told yet, and come again.
 */
import { DsmError } from '../core/errors.ts';
import { orAborted, pause } from './abort.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';
import { EventParser, type StreamEvent } from './event-stream.ts';
import { entryOfJson, strange } from './json-values.ts';
import { queryOf } from './query.ts';
import { parseObject, type Reply } from './reply.ts';
import type { WatchEvent, WatchOptions } from './types.ts';

/** Nodes are never silent for more than 5 s: one that is for so long is left. */
const silentMs = 15_000;
/** Pause before the next connection: random up to this, doubled while none tells anything. */
const pauseMsMin = 50;
const pauseMsMax = 5000;

export interface WatchPorts {
  readonly caller: Caller;
  readonly environment: Environment;
  /** Of the client and of the call. */
  readonly signal: AbortSignal;
}

type Told = WatchEvent | 'bookmark';

interface Place {
  /** Told whole up to here; null before the first `synced`. */
  lastId: number | null;
  /** Something was told since the last `reset` that a new snapshot would tell again. */
  isPartial: boolean;
}

export async function* watch(
  ports: WatchPorts,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, void> {
  const place: Place = { lastId: options.from ?? null, isPartial: false };
  for (let failures = 0; ; failures += 1) {
    ports.signal.throwIfAborted();
    const reply = await connect(ports, options, place.lastId);
    if (reply !== null) {
      // The snapshot begins again: what was told of the one before may not hold any more.
      if (place.isPartial && place.lastId === null) yield { kind: 'reset', revision: 0 };
      place.isPartial = false;
      for await (const event of eventsOf(reply, ports, place)) {
        failures = 0;
        yield event;
      }
      ports.caller.nodes.onSilence(reply.url);
    }
    const ceilingMs = Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(failures, 10));
    await pause(ports.environment, ports.environment.random() * ceilingMs, ports.signal);
  }
}

/** Null where no node serves the watch now. Throws where none ever will. */
async function connect(
  { caller, signal }: WatchPorts,
  options: WatchOptions,
  lastId: number | null,
): Promise<Reply | null> {
  const { key, prefix, consistency } = options;
  try {
    return await caller.call({
      title: `WATCH ${JSON.stringify(key ?? prefix ?? '')}`,
      method: 'GET',
      path: `/v1/watch${queryOf({ key, prefix, from: lastId ?? undefined, consistency })}`,
      headers: { accept: 'text/event-stream' },
      isMutation: false,
      isSpread: true,
      isStream: true,
      signal,
    });
  } catch (error) {
    if (error instanceof DsmError && error.retryable) return null;
    throw error;
  }
}

/** What one connection tells, until it ends, breaks or falls silent. */
async function* eventsOf(
  reply: Reply,
  ports: WatchPorts,
  place: Place,
): AsyncGenerator<WatchEvent, void, void> {
  let pending: WatchEvent[] = [];
  for await (const event of readStream(reply, ports)) {
    const told = parse(event, reply.url);
    const id = event.id === null ? null : Number(event.id);
    if (told !== 'bookmark') {
      if (told.kind === 'reset') place.lastId = null;
      pending.push(told);
    }
    // Before the first id all is one snapshot, which may be large: it is told as it comes.
    if (id === null && place.lastId !== null) continue;
    place.lastId = id ?? place.lastId;
    place.isPartial = place.lastId === null;
    yield* pending;
    pending = [];
  }
}

async function* readStream(
  { stream }: Reply,
  { environment, signal }: WatchPorts,
): AsyncGenerator<StreamEvent, void, void> {
  if (stream === undefined) return;
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const part = await orAborted(readInTime(reader, environment), signal);
      if (part === null) return;
      yield* parser.push(decoder.decode(part, { stream: true }));
    }
  } finally {
    // Not waited for: a connection that hangs cannot be closed politely.
    reader.cancel().catch(() => {});
  }
}

/** Null where the stream has ended, was broken, or is silent. */
async function readInTime(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  environment: Environment,
): Promise<Uint8Array | null> {
  let cancel = () => {};
  const silence = new Promise<null>((resolve) => {
    cancel = environment.setTimer(silentMs, () => resolve(null));
  });
  try {
    const part = await Promise.race([reader.read(), silence]);
    return part?.value ?? null;
  } catch {
    return null;
  } finally {
    cancel();
  }
}

/** Throws `internal` for what this client does not know. */
function parse({ name, data }: StreamEvent, url: string): Told {
  const json = parseObject(data);
  const { key, revision } = json;
  if (typeof revision !== 'number') throw strange(url);
  switch (name) {
    case 'bookmark':
      return name;
    case 'synced':
    case 'reset':
      return { kind: name, revision };
    case 'put': {
      const entry = entryOfJson(json, url);
      return { kind: name, key: entry.key, revision, entry };
    }
    case 'delete':
    case 'expire':
      if (typeof key === 'string') return { kind: name, key, revision };
  }
  throw strange(url);
}

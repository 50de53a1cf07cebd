/** Changes as they happen: `/v1/watch`, as a stream of Server-Sent Events or, with `wait`, by poll. */
import type { Hono } from 'hono';
import { DsmError } from '../core/errors.ts';
import type { NodeApi, ReadOptions } from '../node/api.ts';
import type { Watch, WatchScope } from '../node/watcher.ts';
import type { HeaderFields } from './answers.ts';
import { type ValueMode, valueModes } from './json-values.ts';
import {
  parametersOf,
  parseChoice,
  parseKeyText,
  parseRevision,
  parseWhole,
  queryOf,
  readOptionsOf,
  readParameters,
} from './queries.ts';
import type { RouteOptions } from './route-options.ts';
import { jsonChangeOf } from './watch-events.ts';
import { streamOf } from './watch-stream.ts';
import { Turns } from './watch-turns.ts';
import { untilReady } from './watch-wait.ts';

const watchPath = '/v1/watch';

const watchParameters = ['prefix', 'key', 'from', 'wait', 'values'] as const;

/** Bun closes a connection on which nothing moves, also while an answer is waited for. */
const waitSecondsMax = 10;

/** Changes of one answer to a poll, bytes. */
const pollBytesMax = 1024 * 1024;

const streamFields: HeaderFields = Object.freeze({
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Proxies like nginx would hold events back.
  'x-accel-buffering': 'no',
});

interface WatchCall {
  readonly scope: WatchScope;
  readonly from: number | null;
  /** Null for a stream. */
  readonly waitMs: number | null;
  readonly values: ValueMode;
  readonly read: ReadOptions;
}

interface WatchRouteOptions extends Pick<RouteOptions, 'node' | 'answers' | 'clock'> {
  /** Those of all watches of the node. */
  readonly turns: Turns;
}

export function addWatchRoutes(app: Hono, { node, answers, clock }: RouteOptions): void {
  const options = { node, answers, clock, turns: new Turns(clock) };
  app.get(watchPath, (c) => onWatch(options, c.req.raw));
}

async function onWatch(options: WatchRouteOptions, request: Request): Promise<Response> {
  const { node, answers } = options;
  const call = parseCall(request, node.limits.keyBytesMax);
  const { values, waitMs } = call;
  // Nobody would ever take what the stream has.
  if (request.method === 'HEAD') return answers.empty(200, streamFields);
  const watch = await open(node, call);
  if (waitMs !== null) {
    request.signal.addEventListener('abort', () => watch.close());
    return poll(options, watch, waitMs, values);
  }
  return answers.stream(streamOf({ ...options, watch, values }), streamFields);
}

function open(node: NodeApi, { scope, from, read }: WatchCall): Promise<Watch> {
  const { promise, resolve, reject } = Promise.withResolvers<Watch>();
  node.watch(scope, from, read, (error, watch) => {
    if (watch === null) reject(error);
    else resolve(watch);
  });
  return promise;
}

/** Answers as soon as there is a change, and without one when the time is over. */
async function poll(
  { answers, clock, turns }: WatchRouteOptions,
  watch: Watch,
  waitMs: number,
  values: ValueMode,
): Promise<Response> {
  try {
    if (watch.isReset) return answers.problem(new DsmError('gone', goneText));
    const deadlineMs = clock.monotonicMs() + waitMs;
    for (;;) {
      const { changes, hasMore } = await turns.run(() => takeChanges(watch, values));
      const remainingMs = deadlineMs - clock.monotonicMs();
      const isDone = changes.length > 0 || watch.isOver || (remainingMs <= 0 && !hasMore);
      if (isDone) return answers.json(200, { revision: watch.revision, changes }, pollFields);
      if (!hasMore) await untilReady(watch, clock, remainingMs);
    }
  } finally {
    watch.close();
  }
}

function takeChanges(watch: Watch, values: ValueMode) {
  const { events, hasMore } = watch.take(pollBytesMax);
  const changes = events.flatMap((event) =>
    event.kind === 'change'
      ? [{ event: event.change.kind, ...jsonChangeOf(event.change, values) }]
      : [],
  );
  return { changes, hasMore };
}

const pollFields: HeaderFields = Object.freeze({ 'cache-control': 'no-store' });

const goneText =
  'The changes since that revision are not held here any more, or it never was: list what there ' +
  'is, and go on from the revision of that list';

function parseCall(request: Request, keyBytesMax: number): WatchCall {
  const parameters = parametersOf(queryOf(request.url), [...watchParameters, ...readParameters]);
  const waitSeconds = parseWhole(parameters, 'wait', 0, waitSecondsMax);
  const from = parseLastEventId(request.headers) ?? parseRevision(parameters, 'from');
  if (waitSeconds !== null && from === null) {
    throw invalid('a poll needs from: begin with the "revision" of a list');
  }
  return {
    scope: parseScope(parameters, keyBytesMax),
    from,
    waitMs: waitSeconds === null ? null : waitSeconds * 1000,
    values: parseChoice(parameters, 'values', valueModes),
    read: readOptionsOf(parameters),
  };
}

function parseScope(parameters: URLSearchParams, keyBytesMax: number): WatchScope {
  const key = parseKeyText(parameters, 'key', keyBytesMax);
  const prefix = parseKeyText(parameters, 'prefix', keyBytesMax);
  if (key === null) return { kind: 'prefix', prefix: prefix ?? '' };
  if (prefix !== null) throw invalid('give either key or prefix, not both');
  if (key === '') throw new DsmError('invalid_key', 'key= names no key; for all keys leave it out');
  return { kind: 'key', key };
}

/** What a browser sends when it connects again: the id of the last event that had one. */
function parseLastEventId(headers: Headers): number | null {
  const given = headers.get('last-event-id');
  if (given === null || given === '') return null;
  const revision = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isSafeInteger(revision)) return revision;
  throw invalid('Last-Event-ID must be the id of an event of this watch');
}

function invalid(text: string): DsmError {
  return new DsmError('invalid_request', text);
}

/**
 * Histories of a key-value store with appends, as in the test set of Porcupine (`test_data/kv`): a
 * line is one event in EDN,
 *
 *     {:process 0, :type :invoke, :f :get, :key "7", :value nil}
 *
 * with `:type` invoke, ok, fail or info and `:f` get, put or append. `:value` is what is written, or
 * for a get nil where it is invoked and the string that was read where it is ok. A key that was
 * never written reads as the empty string.
 */

import { showValue } from '../history.ts';
import type { Effect } from '../register.ts';
import { type EdnValue, isKeyword, parseEdnMap } from './edn.ts';
import {
  type Completion,
  type EventType,
  eventTypes,
  type LogEvent,
  numberedLines,
  pairEvents,
  type RegisterHistory,
  type Saying,
} from './event-log.ts';
import { ParseError } from './parse-error.ts';

const functions = ['get', 'put', 'append'] as const;

interface Body {
  readonly f: (typeof functions)[number];
  readonly key: string;
  readonly value: string | null;
}

function keywordOf<Word extends string>(
  map: ReadonlyMap<string, EdnValue>,
  name: string,
  words: readonly Word[],
): Word {
  const value = map.get(name);
  const found = isKeyword(value) ? words.find((word) => word === value.keyword) : undefined;
  if (found === undefined) throw new Error(`:${name} must be one of :${words.join(' :')}`);
  return found;
}

function parseEvent(text: string, line: number): LogEvent<Body> {
  const map = parseEdnMap(text);
  const process = map.get('process');
  const key = map.get('key');
  const value = map.get('value') ?? null;
  if (typeof process !== 'number') throw new Error(':process must be an integer');
  if (typeof key !== 'string') throw new Error(':key must be a string');
  if (value !== null && typeof value !== 'string')
    throw new Error(':value must be a string or nil');
  const type = keywordOf<EventType>(map, 'type', eventTypes);
  const f = keywordOf(map, 'f', functions);
  return { line, process: `${process}`, type, body: { f, key, value } };
}

function* parseEvents(text: string, file: string): Generator<LogEvent<Body>> {
  for (const { line, content } of numberedLines(text)) {
    try {
      yield parseEvent(content, line);
    } catch (error) {
      throw new ParseError(file, line, error instanceof Error ? error.message : `${error}`);
    }
  }
}

function interpret(invoked: Body, completion: Completion<Body>): Saying | null {
  const { f, key, value } = invoked;
  if (completion !== null && (completion.body.f !== f || completion.body.key !== key)) {
    const { body } = completion;
    throw new Error(`:${f} of ${key} was invoked, but :${body.f} of ${body.key} completes it`);
  }
  if (f === 'get') {
    if (completion?.type !== 'ok') return null;
    const equals = completion.body.value ?? '';
    const text = `get ${key}=${showValue(equals)}`;
    return { text, action: { key, guard: { equals }, effect: { kind: 'none' } } };
  }
  if (value === null) throw new Error(`:${f} needs a :value that is a string`);
  if (completion?.type === 'fail') return null;
  const effect: Effect = f === 'put' ? { kind: 'set', value } : { kind: 'append', text: value };
  return { text: `${f} ${key}=${showValue(value)}`, action: { key, guard: {}, effect } };
}

/** Throws a ParseError. */
export function parsePorcupineKv(text: string, file: string): RegisterHistory {
  return { initial: '', invocations: pairEvents(parseEvents(text, file), file, interpret) };
}

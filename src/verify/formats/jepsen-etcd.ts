/**
 * Histories of one compare-and-set register as Jepsen logged them for etcd, which are the labelled
 * test set of Porcupine (`test_data/jepsen`). A line:
 *
 *     INFO  jepsen.util - <process>\t:<invoke|ok|fail|info>\t:<read|write|cas>\t<value>
 *
 * with a value of `nil`, an integer, `[expected new]` or `:timed-out`. Lines of other parts of
 * Jepsen are passed over.
 *
 * `:fail :cas` says that the register did not hold the expected value; any other `:fail` says only
 * that nothing happened. `:info` is an outcome that is not known: the call stays open to the end and
 * its process never calls again. The register begins as nil.
 */
import type { Guard, RegisterValue } from '../register.ts';
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

/** A line of a client's call. The nemesis and the other parts of Jepsen have no process number. */
const callPattern = /^\s*INFO\s+jepsen\.util\s+-\s+(\d+)\s+(.*)$/;
const eventPattern = /^:(\w+)\s+:(\w+)\s+(.+?)\s*$/;
const integerPattern = /^-?\d+$/;
const pairPattern = /^\[(-?\d+)\s+(-?\d+)\]$/;
const timedOut = ':timed-out';

interface Body {
  readonly name: 'read' | 'write' | 'cas';
  readonly value: string;
}

/** Throws an Error where the text is no integer. */
function integer(text: string): string {
  if (!integerPattern.test(text)) throw new Error(`expected an integer, found ${text}`);
  return text;
}

function pair(text: string): [string, string] {
  const found = pairPattern.exec(text);
  if (found === null) throw new Error(`expected [expected new], found ${text}`);
  return [found[1]!, found[2]!];
}

const saying = (text: string, guard: Guard, value?: RegisterValue): Saying => ({
  text,
  action: {
    key: '',
    guard,
    effect: value === undefined ? { kind: 'none' } : { kind: 'set', value },
  },
});

function interpret(invoked: Body, completion: Completion<Body>): Saying | null {
  if (completion !== null && completion.body.name !== invoked.name) {
    throw new Error(`:${invoked.name} was invoked, but :${completion.body.name} completes it`);
  }
  const type = completion?.type ?? 'info';
  switch (invoked.name) {
    case 'read': {
      if (completion === null || type !== 'ok') return null;
      const { value } = completion.body;
      return saying(`read ${value}`, { equals: value === 'nil' ? null : integer(value) });
    }
    case 'write':
      return type === 'fail' ? null : saying(`write ${invoked.value}`, {}, integer(invoked.value));
    case 'cas': {
      const [expected, next] = pair(invoked.value);
      const isFailed = type === 'fail' && completion?.body.value !== timedOut;
      if (isFailed) return saying(`failed cas [${expected} ${next}]`, { differsFrom: expected });
      if (type === 'fail') return null;
      return saying(`cas [${expected} ${next}]`, { equals: expected }, next);
    }
  }
}

const isOneOf = <Word extends string>(words: readonly Word[], word: string): word is Word =>
  words.some((known) => known === word);

const names = ['read', 'write', 'cas'] as const;

function* parseEvents(text: string, file: string): Generator<LogEvent<Body>> {
  for (const { line, content } of numberedLines(text)) {
    const call = callPattern.exec(content);
    if (call === null) continue;
    const [, process = '', rest = ''] = call;
    const [, type = '', name = '', value = ''] = eventPattern.exec(rest) ?? [];
    if (!isOneOf<EventType>(eventTypes, type) || !isOneOf(names, name)) {
      throw new ParseError(
        file,
        line,
        `expected :<${eventTypes.join('|')}> :<${names.join('|')}> <value>, found ${rest}`,
      );
    }
    yield { line, process, type, body: { name, value } };
  }
}

/** Throws a ParseError. */
export function parseJepsenEtcd(text: string, file: string): RegisterHistory {
  return { initial: null, invocations: pairEvents(parseEvents(text, file), file, interpret) };
}

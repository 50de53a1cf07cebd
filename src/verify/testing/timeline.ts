/**
 * Histories as pictures, for tests. A line is a process; `[` is where a call is made and `]` where it
 * returns, and their columns are the times, so that what stands side by side is concurrent:
 *
 *     A: [put 1 @1]   [put 2 @2]
 *     B:           [get 1 @1]
 *
 * In the brackets stand the operation, its key if it is not x (`put y:1`), its value (`-` is absent),
 * and, where they are given,
 *
 *     if 5 | absent | present   the condition        =7   the result of an increment
 *     @5                        the revision         #9   the node's revision
 *     ^4                        the min-revision of a get
 *     !                         it was not applied   !5   it was refused: the key is at 5 (0: absent)
 *
 * `>` in place of `]` is an outcome that is not known. Operations: get, stale (a stale get), put, del,
 * inc, take (a get-and-delete).
 */
import type { HistoryOperation, OperationName } from '../history.ts';

/** One call as it is drawn. */
export interface Drawn {
  readonly process: string;
  readonly call: number;
  /** Infinity where it is not known. */
  readonly return: number;
  readonly words: readonly string[];
}

export function readTimeline(picture: string): Drawn[] {
  const drawn: Drawn[] = [];
  for (const line of picture.split('\n')) {
    const process = line.slice(0, line.indexOf(':')).trim();
    for (const found of line.matchAll(/\[([^\]>]+)([\]>])/g)) {
      const [whole, words = '', end] = found;
      const lastColumn = found.index + whole.length - 1;
      drawn.push({
        process,
        call: found.index,
        return: end === '>' ? Number.POSITIVE_INFINITY : lastColumn,
        words: words.trim().split(/\s+/),
      });
    }
  }
  return drawn;
}

/** `y:1` is value 1 of key y, `1` value 1 of key x. */
export function splitKey(word: string): { key: string; value: string } {
  const colon = word.indexOf(':');
  return { key: word.slice(0, Math.max(colon, 0)) || 'x', value: word.slice(colon + 1) };
}

const operations: Readonly<Record<string, OperationName>> = {
  get: 'get',
  stale: 'get',
  put: 'put',
  del: 'delete',
  inc: 'increment',
  take: 'get-and-delete',
};

type Facts = { -readonly [Name in keyof HistoryOperation]?: HistoryOperation[Name] };

function readMark(word: string, next: string | undefined): Facts {
  const number = Number(word.slice(1));
  switch (word[0]) {
    case '@':
      return { revision: number };
    case '#':
      return { nodeRevision: number };
    case '^':
      return { minRevision: number };
    case '=':
      return { value: word.slice(1) };
    case '!':
      return word === '!'
        ? { outcome: 'not-applied' }
        : { outcome: 'not-applied', currentRevision: number };
    case 'i':
      return { condition: next === 'absent' || next === 'present' ? next : Number(next) };
    default:
      return {};
  }
}

/** A history of dsm from its picture. */
export function timeline(picture: string): HistoryOperation[] {
  return readTimeline(picture).map(({ process, call, return: end, words }) => {
    const [verb = '', first = '', ...marks] = words;
    const op = operations[verb];
    if (op === undefined) throw new Error(`no operation ${verb} in ${words.join(' ')}`);
    const hasValue = !/^([@#=!^]|if$)/.test(first);
    const { key, value } = splitKey(hasValue ? first : '');
    const facts: Facts = { process, op, key, callUs: call, returnUs: end };
    facts.outcome = end === Number.POSITIVE_INFINITY ? 'unknown' : 'ok';
    if (verb === 'stale') facts.consistency = 'stale';
    if (op === 'increment') facts.by = Number(value);
    else if (hasValue && op !== 'delete') facts.value = value === '-' ? null : value;
    const rest = hasValue ? marks : [first, ...marks];
    for (const [place, word] of rest.entries())
      Object.assign(facts, readMark(word, rest[place + 1]));
    return facts as HistoryOperation;
  });
}

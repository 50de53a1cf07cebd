import { describe, expect, test } from 'vitest';
import { checkHistory } from '../check-history.ts';
import { checkLinearization } from '../linearization.ts';
import { createRegisterModel } from '../register.ts';
import { knownReads } from '../testing/known-reads.ts';
import { knownWrites } from '../testing/known-writes.ts';
import { timeline } from '../testing/timeline.ts';
import { dsmHistoryHeader, formatDsmHistory, parseDsmHistory } from './dsm.ts';
import type { RegisterHistory } from './event-log.ts';
import { parseJepsenEtcd } from './jepsen-etcd.ts';
import { parsePorcupineKv } from './porcupine-kv.ts';

const verdictOf = ({ initial, invocations }: RegisterHistory) =>
  checkLinearization(createRegisterModel(initial), invocations).verdict;

describe('the format of dsm', () => {
  const put = {
    process: 1,
    op: 'put',
    key: 'a',
    value: 'x',
    callUs: 1,
    returnUs: 2,
    outcome: 'ok',
  };
  const parse = (...lines: object[]) =>
    parseDsmHistory(
      dsmHistoryHeader + lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      'h',
    );

  test.each([...knownReads, ...knownWrites])('keeps $name', ({ bad }) => {
    const history = timeline(bad);
    expect(parseDsmHistory(formatDsmHistory(history), 'h')).toEqual(history);
  });

  test('blank lines and Windows line ends do not matter', () => {
    const text = `\n${formatDsmHistory(timeline(knownReads[0]!.good))}\n`.replaceAll('\n', '\r\n');
    expect(checkHistory(parseDsmHistory(text, 'h')).verdict).toBe('linearizable');
  });

  test('a text without its header is refused', () => {
    expect(() => parseDsmHistory('', 'h')).toThrow('h:1: expected the line {"format"');
    expect(() => parseDsmHistory('{"format":"dsm-history","version":2}', 'h')).toThrow('h:1: ');
  });

  test.each<[string, object]>([
    ['op', { ...put, op: 'swap' }],
    ['key', { ...put, key: '' }],
    ['Unrecognized key: "colour"', { ...put, colour: 'red' }],
    ['value', { ...put, value: undefined }],
    ['callUs', { ...put, callUs: 1.5 }],
    ['returnUs 2 is before callUs 3', { ...put, callUs: 3 }],
    ['the outcome ok needs a returnUs', { ...put, returnUs: null }],
    ['the outcome unknown has no revision', { ...put, outcome: 'unknown', revision: 3 }],
    ['the outcome ok has no currentRevision', { ...put, currentRevision: 3 }],
    ['revision', { ...put, revision: 0 }],
    ['condition', { ...put, condition: 'maybe' }],
    ['get that is ok needs a value', { ...put, op: 'get', value: undefined }],
    ['an absent key has no revision', { ...put, op: 'get', value: null, revision: 3 }],
    ['must be a decimal integer', { ...put, op: 'increment', by: 1 }],
  ])('says where and what is wrong: %s', (problem, line) => {
    expect(() => parse({ ...put, callUs: 0, returnUs: 0 }, line)).toThrow(/^h:3: /);
    expect(() => parse({ ...put, callUs: 0, returnUs: 0 }, line)).toThrow(problem);
  });

  test('a line that is not JSON is named', () => {
    expect(() => parseDsmHistory(`${dsmHistoryHeader}{"process"`, 'h')).toThrow(/^h:2: .*JSON/);
  });

  test('one process makes one call at a time', () => {
    const later = { ...put, callUs: 2, returnUs: 3 };
    expect(parse(put, later)).toHaveLength(2);
    expect(() => parse({ ...put, returnUs: 5 }, later)).toThrow(
      'h:3: process 1 is still in its call',
    );
    expect(() => parse(later, { ...put, returnUs: 5 })).toThrow(
      'h:2: process 1 is still in its call',
    );
    const lost = { ...put, outcome: 'unknown', returnUs: null };
    expect(() => parse(lost, later)).toThrow('still in its call of line 2');
  });
});

describe('the logs of Jepsen for etcd', () => {
  const log = (...events: string[]) =>
    parseJepsenEtcd(events.map((event) => `INFO  jepsen.util - ${event}`).join('\n'), 'log');

  test('a call that timed out may have happened', () => {
    const events = [
      '0\t:invoke\t:write\t1',
      '0\t:info\t:write\t:timed-out',
      '1\t:invoke\t:read\tnil',
    ];
    expect(verdictOf(log(...events, '1\t:ok\t:read\t1'))).toBe('linearizable');
    expect(verdictOf(log(...events, '1\t:ok\t:read\tnil'))).toBe('linearizable');
    expect(verdictOf(log(...events, '1\t:ok\t:read\t2'))).toBe('not-linearizable');
  });

  test('a failed compare-and-set found another value', () => {
    const write = ['0\t:invoke\t:write\t1', '0\t:ok\t:write\t1'];
    const failed = (pair: string) => [`1\t:invoke\t:cas\t${pair}`, `1\t:fail\t:cas\t${pair}`];
    expect(verdictOf(log(...write, ...failed('[2 3]')))).toBe('linearizable');
    expect(verdictOf(log(...write, ...failed('[1 3]')))).toBe('not-linearizable');
  });

  test('a failed read or write says nothing; an open call may have happened', () => {
    const events = [
      '0\t:invoke\t:write\t1',
      '0\t:fail\t:write\t:timed-out',
      '1\t:invoke\t:read\tnil',
      '1\t:fail\t:read\t:timed-out',
      '2\t:invoke\t:cas\t[nil 3]'.replace('nil', '-1'),
    ];
    const { invocations } = log(...events);
    expect(invocations.map(({ isRequired }) => isRequired)).toEqual([false]);
    expect(invocations[0]?.label).toBe('cas [-1 3] by 2 [lines 5 to …]');
  });

  test('lines of other parts of Jepsen are passed over', () => {
    const text =
      'INFO  jepsen.core - Worker 0 starting\n\nINFO  jepsen.util - :nemesis\t:info\t:start\tnil';
    expect(parseJepsenEtcd(text, 'log').invocations).toEqual([]);
  });

  test.each([
    ['log:2: expected :<invoke|ok|fail|info> :<read|write|cas>', '0\t:done\t:read\t1'],
    ['log:2: expected :<invoke|ok|fail|info> :<read|write|cas>', '0\t:ok\t:push\t1'],
    ['log:2: process 7 completes a call that it did not invoke', '7\t:ok\t:read\t1'],
    ['log:2: process 0 is still in its call of line 1', '0\t:invoke\t:read\tnil'],
    ['log:2: expected an integer, found x', '0\t:ok\t:read\tx'],
    ['log:2: :read was invoked, but :write completes it', '0\t:ok\t:write\t1'],
  ])('%s', (message, event) => {
    expect(() => log('0\t:invoke\t:read\tnil', event)).toThrow(message);
  });

  test('a process that ended never calls again', () => {
    const events = [
      '0\t:invoke\t:cas\t[1 2]',
      '0\t:info\t:cas\t:timed-out',
      '0\t:invoke\t:read\tnil',
    ];
    expect(() => log(...events)).toThrow('log:3: process 0 is still in its call of line 1');
    expect(() => log('0\t:invoke\t:cas\t[1 2 3]')).toThrow('log:1: expected [expected new]');
  });
});

describe('the histories of Porcupine for a key-value store', () => {
  const event = (process: number, type: string, f: string, value: string, key = '7') =>
    `{:process ${process}, :type :${type}, :f :${f}, :key "${key}", :value ${value}}`;
  const call = (process: number, f: string, value: string, key = '7') => [
    event(process, 'invoke', f, f === 'get' ? 'nil' : value, key),
    event(process, 'ok', f, value, key),
  ];
  const parse = (...lines: string[]) => parsePorcupineKv(lines.join('\n'), 'kv');

  test('appends are strung together, and a key that was never written is empty', () => {
    const start = [
      ...call(0, 'get', '""'),
      ...call(1, 'append', '"a"'),
      ...call(0, 'append', '"b"'),
    ];
    expect(verdictOf(parse(...start, ...call(1, 'get', '"ab"')))).toBe('linearizable');
    expect(verdictOf(parse(...start, ...call(1, 'get', '"ba"')))).toBe('not-linearizable');
    expect(verdictOf(parse(...start, ...call(1, 'get', '""', '8')))).toBe('linearizable');
    expect(verdictOf(parse(...start, ...call(1, 'put', '"c"'), ...call(0, 'get', '"c"')))).toBe(
      'linearizable',
    );
  });

  test('strings are unescaped, and keys of the map come in any order', () => {
    const [invoke = '', ok = ''] = call(0, 'put', '"a\\n\\t\\r\\b\\f\\\\\\"\\u00e9, {:x} é"');
    const turned =
      '{:value "a\\n\\t\\r\\b\\f\\\\\\"é, {:x} é" :key "7" :f :get,,:type :ok :process 1}';
    const history = parse(invoke, ok, event(1, 'invoke', 'get', 'nil'), turned);
    expect(history.invocations[1]?.action.guard.equals).toBe('a\n\t\r\b\f\\"é, {:x} é');
    expect(verdictOf(history)).toBe('linearizable');
  });

  test('outcomes that are not known, and calls that failed, are understood', () => {
    const lines = [
      event(0, 'invoke', 'append', '"a"'),
      event(0, 'info', 'append', '"a"'),
      event(1, 'invoke', 'append', '"b"'),
      event(1, 'fail', 'append', '"b"'),
      event(2, 'invoke', 'get', 'nil'),
    ];
    expect(parse(...lines).invocations.map(({ isRequired }) => isRequired)).toEqual([false]);
  });

  test.each([
    ['kv:1: expected one map in { }', ':process 0'],
    ['kv:1: :process must be an integer', event(0, 'invoke', 'get', 'nil').replace('0', '"0"')],
    ['kv:1: :key must be a string', event(0, 'invoke', 'get', 'nil').replace('"7"', '7')],
    ['kv:1: :value must be a string or nil', event(0, 'invoke', 'put', '7')],
    ['kv:1: :type must be one of :invoke :ok :fail :info', event(0, 'done', 'get', 'nil')],
    ['kv:1: :f must be one of :get :put :append', event(0, 'invoke', 'swap', 'nil')],
    ['kv:1: :put needs a :value that is a string', event(0, 'invoke', 'put', 'nil')],
    ['kv:1: process 0 completes a call that it did not invoke', event(0, 'ok', 'get', '"a"')],
    ['kv:1: not EDN from "\\"7, :value nil}"', '{:key "7, :value nil}'],
    ['kv:1: \\q is not an escape of EDN', event(0, 'invoke', 'put', '"\\q"')],
    ['kv:1: :key is given twice', '{:key "7" :key "8"}'],
    ['kv:1: :key has no value', '{:key}'],
    ['kv:1: expected a keyword', '{7 :key}'],
    ['kv:1: 1/2 is not a value that is known here', '{:key 1/2}'],
  ])('%s', (message, line) => {
    expect(() => parse(line)).toThrow(message);
  });

  test('the two lines of a call must fit together', () => {
    const lines = [event(0, 'invoke', 'get', 'nil'), event(0, 'ok', 'put', '"a"')];
    expect(() => parse(...lines)).toThrow(
      'kv:2: :get of 7 was invoked, but :put of 7 completes it',
    );
  });
});

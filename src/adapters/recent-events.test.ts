import { expect, test } from 'vitest';
import type { LogFields, Logger } from '../ports/logger.ts';
import { keepRecentEvents } from './recent-events.ts';

function stage() {
  let wallMs = 0;
  const passed: [string, string, LogFields | undefined][] = [];
  const pass = (level: string) => (message: string, fields?: LogFields) =>
    void passed.push([level, message, fields]);
  const logger: Logger = {
    debug: pass('debug'),
    info: pass('info'),
    warn: pass('warn'),
    error: pass('error'),
  };
  const clock = {
    monotonicMs: () => wallMs,
    wallMs: () => {
      wallMs += 1;
      return wallMs;
    },
    setTimer: () => ({ cancel: () => {} }),
  };
  return { events: keepRecentEvents(logger, clock), passed };
}

test('everything is logged as before, and what is for people is kept', () => {
  const { events, passed } = stage();
  events.debug('one', { lsn: 1 });
  events.info('two', { epoch: 2, url: 'http://a' });
  events.warn('three');
  events.error('four');
  expect(passed).toEqual([
    ['debug', 'one', { lsn: 1 }],
    ['info', 'two', { epoch: 2, url: 'http://a' }],
    ['warn', 'three', undefined],
    ['error', 'four', undefined],
  ]);
  expect(events.recent()).toEqual([
    { atMs: 1, level: 'info', message: 'two', facts: { epoch: 2, url: 'http://a' }, count: 1 },
    { atMs: 2, level: 'warn', message: 'three', facts: {}, count: 1 },
    { atMs: 3, level: 'error', message: 'four', facts: {}, count: 1 },
  ]);
});

test('the same again is one event, with a count, and the last one', () => {
  const { events } = stage();
  events.warn('knocks', { url: 'a' });
  events.info('other');
  events.warn('knocks', { url: 'b' });
  events.warn('knocks', { url: 'a' });
  const shown = events.recent().map(({ message, facts, count }) => [message, facts.url, count]);
  expect(shown).toEqual([
    ['other', undefined, 1],
    ['knocks', 'b', 1],
    ['knocks', 'a', 2],
  ]);
});

test('nothing long, nothing nested and no stack is kept, and no more than so many', () => {
  const { events: kept } = stage();
  const fields = { error: 'Error: x\n at y', long: 'x'.repeat(999), members: [1], isOn: true };
  kept.error('an accident', fields);
  expect(kept.recent()[0]?.facts).toEqual({ long: 'x'.repeat(200) });
  for (let index = 0; index < 500; index += 1) kept.info(`event ${index}`);
  const all = kept.recent();
  expect([all.length, all.at(-1)?.message]).toEqual([50, 'event 499']);
});

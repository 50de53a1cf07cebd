import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { putOf, told } from './testing/fake-watch.ts';
import { facts, factsOf, jsonOf, type Setup, settled, setUp } from './testing/set-up.ts';
import { streaming } from './testing/streaming.ts';
import { bookmarkMs, stalledMs } from './watch-stream.ts';

const put = (key: string, text: string, revision: number) => told(putOf(key, text, revision));

describe('a stream of changes', () => {
  test('is Server-Sent Events with the facts of the node', async () => {
    const { response, node } = await streaming();
    expect([response.status, factsOf(response)]).toEqual([200, facts]);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(node.watches[0]?.asked).toEqual({
      scope: { kind: 'prefix', prefix: '' },
      from: null,
      options: { consistency: 'linearizable', minRevision: 0 },
    });
  });

  test('has an event for each change; the id is where to go on', async () => {
    const { reader, watch } = await streaming();
    watch.tell(
      { kind: 'reset', revision: 4 },
      { kind: 'change', change: putOf('a', 'x\ny', 3), resumeFrom: null },
      { kind: 'synced', revision: 4 },
    );
    void reader.readOn();
    const head = '"contentType":"text/plain","bytes":3,"value":"x\\ny","encoding":"utf-8"';
    expect(await reader.taken()).toBe(
      'retry: 1000\n\n' +
        'event: reset\ndata: {"revision":4}\n\n' +
        `event: put\ndata: {"key":"a","revision":3,${head}}\n\n` +
        'id: 4\nevent: synced\ndata: {"revision":4}\n\n',
    );
    watch.tell(told({ kind: 'delete', key: 'a', revision: 5 }));
    watch.tell(told({ kind: 'expire', key: 'b', revision: 6 }));
    expect(await reader.taken()).toBe(
      'id: 5\nevent: delete\ndata: {"key":"a","revision":5}\n\n' +
        'id: 6\nevent: expire\ndata: {"key":"b","revision":6}\n\n',
    );
  });

  test('takes values as they are wanted', async () => {
    const { reader, watch } = await streaming('?values=base64');
    watch.tell(put('a', 'hi', 1));
    void reader.readOn();
    expect(await reader.taken()).toContain('"value":"aGk=","encoding":"base64"');
    const without = await streaming('?values=none');
    without.watch.tell(put('a', 'hi', 1));
    void without.reader.readOn();
    expect(await without.reader.taken()).not.toContain('value');
  });

  test.each([
    ['?prefix=a%2F', {}, { kind: 'prefix', prefix: 'a/' }, null],
    ['?key=a%2Fb&from=7', {}, { kind: 'key', key: 'a/b' }, 7],
    ['?from=7', { 'last-event-id': '9' }, { kind: 'prefix', prefix: '' }, 9],
    ['', { 'last-event-id': '' }, { kind: 'prefix', prefix: '' }, null],
  ])('%s with %o asks the node for that', async (query, headers, scope, from) => {
    const { watch } = await streaming(query, headers);
    expect(watch.asked).toMatchObject({ scope, from });
  });

  test('is never silent: a bookmark says how far the watch has come', async () => {
    const { reader, watch, clock } = await streaming();
    watch.tell(put('a', 'x', 1));
    void reader.readOn();
    await reader.taken();
    watch.revision = 8;
    await clock.advance(bookmarkMs);
    expect(await reader.taken()).toBe('id: 8\nevent: bookmark\ndata: {"revision":8}\n\n');
    watch.revision = 9;
    await clock.advance(bookmarkMs);
    expect(await reader.taken()).toContain('id: 9');
    expect(bookmarkMs).toBeLessThan(5000);
  });

  test('of a node that has lost its cluster ends, to be resumed at another one', async () => {
    const { reader, watch, clock, node } = await streaming();
    void reader.readOn();
    node.hasTouch = false;
    await clock.advance(bookmarkMs);
    expect([await reader.taken(), reader.end, watch.isOver]).toEqual(['', 'closed', true]);
  });

  test('ends when the watch is over, after what was told', async () => {
    const { reader, watch } = await streaming();
    watch.tell(put('a', 'x', 1));
    watch.close();
    void reader.readOn();
    expect(await reader.taken()).toContain('id: 1');
    expect(reader.end).toBe('closed');
  });

  test('goes on by itself through a history in which nothing is in scope', async () => {
    const { reader, watch, clock } = await streaming();
    watch.tellNothingYet();
    watch.tellNothingYet();
    watch.tell(put('a', 'x', 1));
    void reader.readOn();
    await clock.advance(0);
    expect(await reader.taken()).toContain('id: 1');
  });

  test('takes nothing from the watch before the client has taken what there is', async () => {
    const { watch } = await streaming();
    watch.tell(put('a', 'x', 1));
    await settled();
    expect(watch.take().events).toHaveLength(1);
  });

  test('breaks when the client takes nothing for too long', async () => {
    const { reader, watch, clock } = await streaming();
    watch.tell(put('a', 'x', 1));
    await clock.advance(stalledMs - 1);
    expect(watch.isOver).toBe(false);
    await clock.advance(1);
    expect(watch.isOver).toBe(true);
    await reader.readOn();
    expect(reader.end).toBe('broken');
    expect(clock.timers).toBe(0);
  });

  test('closes the watch when the client goes, and leaves no timer', async () => {
    const { reader, watch, clock } = await streaming();
    watch.tell(put('a', 'x', 1));
    void reader.readOn();
    await reader.taken();
    await reader.cancel();
    await settled();
    expect(watch.isOver).toBe(true);
    await clock.advance(bookmarkMs + stalledMs);
    expect(clock.timers).toBe(0);
  });

  test('HEAD opens no watch', async () => {
    const { app, node } = setUp();
    const response = await app.request('/v1/watch', { method: 'HEAD' });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(node.watches).toEqual([]);
  });
});

describe('a poll', () => {
  const poll = async (query: string, play: (setup: Setup) => void = () => {}) => {
    const setup = setUp();
    setup.node.store.appliedLsn = 9;
    const answer = setup.app.request(`/v1/watch?${query}`);
    await settled();
    play(setup);
    await settled();
    return { ...setup, answer, watch: setup.node.watches[0] };
  };

  test('answers as soon as something changes, with where to go on', async () => {
    const { answer, watch } = await poll('from=4&wait=10', ({ node, clock }) => {
      expect(clock.timers).toBe(1);
      node.watches[0]?.tell({ kind: 'synced', revision: 9 }, put('a', 'x', 9));
    });
    const response = await answer;
    expect([response.status, factsOf(response)]).toEqual([200, facts]);
    expect(await jsonOf(response)).toEqual({
      revision: 9,
      changes: [
        {
          ...{ event: 'put', key: 'a', revision: 9, contentType: 'text/plain', bytes: 1 },
          ...{ value: 'x', encoding: 'utf-8' },
        },
      ],
    });
    expect(watch?.isOver).toBe(true);
  });

  test('answers without a change when the time is over', async () => {
    const { answer, clock, watch } = await poll('from=4&wait=3');
    await clock.advance(3000);
    expect(await jsonOf(await answer)).toEqual({ revision: 9, changes: [] });
    expect([watch?.isOver, clock.timers]).toEqual([true, 0]);
  });

  test('with wait=0 answers at once, but not before all was looked through', async () => {
    const { answer, clock } = await poll('from=4&wait=0', ({ node }) => {
      expect(node.watches).toHaveLength(1);
    });
    await clock.advance(0);
    expect(await jsonOf(await answer)).toMatchObject({ changes: [] });
  });

  test('answers when the node stops', async () => {
    const { answer } = await poll('from=4&wait=10', ({ node }) => node.watches[0]?.close());
    expect((await answer).status).toBe(200);
  });

  test('from where the history does not begin is 410', async () => {
    const { app, node } = setUp();
    node.resetsWatches = true;
    const response = await app.request('/v1/watch?from=4&wait=10');
    expect(response.status).toBe(410);
    expect(await jsonOf(response)).toMatchObject({ code: 'gone', retryable: false });
    expect(node.watches[0]?.isOver).toBe(true);
  });
});

describe('what cannot be watched', () => {
  test.each([
    ['key=a&prefix=b', 'give either key or prefix'],
    ['key=', 'key= names no key'],
    ['wait=5', 'a poll needs from'],
    ['from=1&wait=11', 'wait must be a whole number from 0 to 10'],
    ['from=x', 'from must be a whole number'],
    ['prefx=x', 'unknown query parameter'],
    [`key=${'x'.repeat(1025)}`, 'key has 1025 bytes'],
  ])('?%s is 400 and says why', async (query, reason) => {
    const { app, node } = setUp();
    const response = await app.request(`/v1/watch?${query}`);
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining(reason),
    ]);
    expect(node.watches).toEqual([]);
  });

  test('a Last-Event-ID that is none of ours is 400', async () => {
    const headers = { 'last-event-id': 'abc' };
    const response = await setUp().app.request('/v1/watch', { headers });
    expect(response.status).toBe(400);
  });

  test('what the node refuses is a problem, not a stream', async () => {
    const { app, node } = setUp();
    node.readError = new DsmError('overloaded', 'too many watches');
    const response = await app.request('/v1/watch');
    expect(response.status).toBe(503);
    expect(await jsonOf(response)).toMatchObject({ code: 'overloaded', retryable: true });
  });
});

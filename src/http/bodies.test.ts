import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Timer } from '../ports/clock.ts';
import { jsonOf, settled, setUp } from './testing/set-up.ts';

describe('a body', () => {
  const limited = () => {
    const setup = setUp({ bodyTimeoutMs: 1000 });
    setup.node.limits = { ...setup.node.limits, valueBytesMax: 10 };
    return setup;
  };

  test.each([
    [10, 201],
    [11, 413],
  ])('of %i bytes where 10 are allowed is %i, announced or not', async (size, status) => {
    const { app, node } = limited();
    const body = 'x'.repeat(size);
    const announced = { method: 'PUT', body, headers: { 'content-length': String(size) } };
    const lied = { method: 'PUT', body, headers: { 'content-length': '1' } };
    for (const [index, init] of [announced, lied, { method: 'PUT', body }].entries()) {
      const response = await app.request(`/v1/kv/${index}`, init);
      expect(response.status).toBe(status);
      // The rest is not read: the connection is of no use.
      expect(response.headers.get('connection')).toBe(status === 413 ? 'close' : null);
    }
    expect(node.writes).toHaveLength(status === 413 ? 0 : 3);
  });

  test('that announces too much is refused before it arrives', async () => {
    const { app } = limited();
    const body = new ReadableStream({});
    const headers = { 'content-length': '11' };
    const init = { method: 'PUT', body, headers, duplex: 'half' } as RequestInit;
    expect((await app.request('/v1/kv/a', init)).status).toBe(413);
  });

  test('is given up as soon as it is too long', async () => {
    const { app } = limited();
    let pulls = 0;
    let isCancelled = false;
    const body = new ReadableStream({
      pull(controller) {
        pulls += 1;
        controller.enqueue(new Uint8Array(4));
      },
      cancel() {
        isCancelled = true;
      },
    });
    const init = { method: 'PUT', body, duplex: 'half' } as RequestInit;
    expect((await app.request('/v1/kv/a', init)).status).toBe(413);
    expect(pulls).toBeLessThan(6);
    expect(isCancelled).toBe(true);
  });

  test('that stalls is 408, and the connection is given up', async () => {
    const { app, clock, node } = limited();
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(1)),
    });
    const init = { method: 'PUT', body, duplex: 'half' } as RequestInit;
    const answering = app.request('/v1/kv/a', init);
    await clock.advance(1500);
    const response = await answering;
    expect(response.status).toBe(408);
    expect(response.headers.get('connection')).toBe('close');
    expect(await jsonOf(response)).toMatchObject({ code: 'request_timeout' });
    expect(node.writes).toEqual([]);
  });

  test('that arrives after its time is no write', async () => {
    const { app, clock, node } = limited();
    const late = { arrive: () => {} };
    const request = new Request('http://127.0.0.1/v1/kv/a', { method: 'PUT', body: 'x' });
    request.headers.set('content-length', '1');
    request.arrayBuffer = () =>
      new Promise((resolve) => {
        late.arrive = () => resolve(new ArrayBuffer(1));
      });
    const answering = app.fetch(request);
    await clock.advance(1500);
    expect((await answering).status).toBe(408);
    late.arrive();
    await settled();
    expect(node.writes).toEqual([]);
  });

  test('that comes too slowly is not read on once it is refused', async () => {
    const { app, clock, node } = limited();
    let pulls = 0;
    let next: Timer | undefined;
    const body = new ReadableStream({
      pull(controller) {
        pulls += 1;
        return new Promise((resolve) => {
          next = clock.setTimer(400, () => {
            controller.enqueue(new Uint8Array(1));
            resolve();
          });
        });
      },
      cancel: () => next?.cancel(),
    });
    const init = { method: 'PUT', body, duplex: 'half' } as RequestInit;
    const answering = app.request('/v1/kv/a', init);
    await clock.advance(1500);
    expect((await answering).status).toBe(408);
    const pullsThen = pulls;
    await clock.advance(2000);
    expect([pulls, clock.timers]).toEqual([pullsThen, 0]);
    expect(node.writes).toEqual([]);
  });

  test('that breaks off is no write', async () => {
    const { app, node, errors } = limited();
    const body = new ReadableStream({
      start: (controller) => controller.error(new Error('reset')),
    });
    const init = { method: 'PUT', body, duplex: 'half' } as RequestInit;
    const response = await app.request('/v1/kv/a', init);
    expect(response.status).toBe(400);
    expect(node.writes).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('that arrived leaves no timer behind', async () => {
    const { app, clock } = limited();
    await app.request('/v1/kv/a', { method: 'PUT', body: 'x' });
    await clock.advance(2000);
    await settled();
    expect(clock.timers).toBe(0);
  });
});

describe('a body that the runtime hands over as it comes', () => {
  /** A PUT of so many bytes; its body is what `incoming` emits. */
  const begin = async (bytes: number) => {
    const setup = setUp({ bodyTimeoutMs: 1000 });
    const { app } = setup;
    // Only who was let in takes the short cut.
    await app.request('http://127.0.0.1/v1/kv/a', { method: 'DELETE' });
    setup.node.writes.length = 0;
    const incoming = new EventEmitter();
    const headers = { 'content-length': String(bytes) };
    const request = new Request('http://127.0.0.1/v1/kv/a', { method: 'PUT', headers });
    const answering = Promise.resolve(app.fetch(request, { incoming }));
    const values = () =>
      setup.node.writes.map((write) => (write.kind === 'put' ? write.value : null));
    return { ...setup, incoming, answering, values };
  };
  const bytesOf = (text: string) => new TextEncoder().encode(text);

  test('is kept without a copy where it came alone', async () => {
    const { incoming, answering, node, values } = await begin(3);
    const chunk = bytesOf('abc');
    incoming.emit('data', chunk);
    expect(node.writes).toEqual([]);
    incoming.emit('end');
    incoming.emit('close');
    expect((await answering).status).toBe(201);
    expect(values()).toEqual([bytesOf('abc')]);
    expect(values()[0]?.buffer).toBe(chunk.buffer);
  });

  test('is put together, and copied out of a larger buffer', async () => {
    const parts = await begin(5);
    for (const text of ['ab', 'c', 'de']) parts.incoming.emit('data', bytesOf(text));
    parts.incoming.emit('end');
    expect((await parts.answering).status).toBe(201);
    expect(parts.values()).toEqual([bytesOf('abcde')]);
    const view = await begin(3);
    const large = bytesOf('--abc--');
    view.incoming.emit('data', large.subarray(2, 5));
    large.fill(0);
    view.incoming.emit('end');
    expect((await view.answering).status).toBe(201);
    expect(view.values()).toEqual([bytesOf('abc')]);
  });

  test('may have no bytes', async () => {
    const { incoming, answering, values } = await begin(0);
    incoming.emit('end');
    expect((await answering).status).toBe(201);
    expect(values()).toEqual([bytesOf('')]);
  });

  test('of another length than announced is no write', async () => {
    for (const text of ['ab', 'abcd']) {
      const { incoming, answering, node } = await begin(3);
      incoming.emit('data', bytesOf(text));
      incoming.emit('end');
      expect((await answering).status).toBe(400);
      expect(node.writes).toEqual([]);
    }
  });

  test('that is cut short or stalls is no write, whatever comes later', async () => {
    const cut = await begin(3);
    cut.incoming.emit('data', bytesOf('ab'));
    cut.incoming.emit('close');
    expect((await cut.answering).status).toBe(400);
    const slow = await begin(3);
    slow.incoming.emit('data', bytesOf('ab'));
    await slow.clock.advance(1500);
    expect((await slow.answering).status).toBe(408);
    for (const { incoming, node } of [cut, slow]) {
      incoming.emit('data', bytesOf('c'));
      incoming.emit('end');
      expect(node.writes).toEqual([]);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { answer, type FakeAnswer, type FakeRequest } from './testing.ts';
import { a, b, setUp } from './testing-client.ts';
import type { WatchEvent, WatchOptions } from './types.ts';

const put = (key: string, revision: number, id = true) => {
  const head = `"key":"${key}","revision":${revision},"contentType":"text/plain"`;
  const idField = id ? `id: ${revision}\n` : '';
  return `${idField}event: put\ndata: {${head},"value":"x","encoding":"utf-8"}\n\n`;
};
const gone = (kind: string, key: string, revision: number) =>
  `id: ${revision}\nevent: ${kind}\ndata: {"key":"${key}","revision":${revision}}\n\n`;
const synced = (revision: number) =>
  `id: ${revision}\nevent: synced\ndata: {"revision":${revision}}\n\n`;
const reset = (revision: number) => `event: reset\ndata: {"revision":${revision}}\n\n`;
const bookmark = (revision: number) =>
  `id: ${revision}\nevent: bookmark\ndata: {"revision":${revision}}\n\n`;

interface Stream {
  /** Sent piece by piece; then the stream ends as it is said. */
  readonly pieces: readonly string[];
  readonly end: 'close' | 'break' | 'hang';
}

let cancelled: string[] = [];

function streaming({ pieces, end }: Stream): FakeAnswer {
  const left = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(new TextEncoder().encode(piece));
      else if (end === 'close') controller.close();
      else if (end === 'break') controller.error(new TypeError('terminated'));
      else return new Promise(() => {});
    },
    cancel: () => void cancelled.push(pieces.join('')),
  });
  const headers = { 'dsm-node': 'n1', 'content-type': 'text/event-stream' };
  return new Response(body, { headers });
}

/** Each connection gets the next answer; the last one stays for ever. */
function watching(...answers: readonly (Stream | (() => FakeAnswer))[]) {
  const left = [...answers];
  cancelled = [];
  return setUp({
    [a]: () => {
      const next = left.shift() ?? { pieces: [], end: 'hang' };
      return typeof next === 'function' ? next() : streaming(next);
    },
  });
}

type Client = ReturnType<typeof setUp>['client'];

const shown = (event: WatchEvent) =>
  [event.kind, 'key' in event ? event.key : '', event.revision].filter(Boolean).join(' ');

/** The first `count` events. */
async function take(client: Client, count: number, options: WatchOptions = {}): Promise<string[]> {
  const events: string[] = [];
  for await (const event of client.watch(options)) {
    events.push(shown(event));
    if (events.length === count) break;
  }
  return events;
}

/** The queries that `a` was asked with; `b` refuses connections. */
const askedFor = (requests: readonly FakeRequest[]) =>
  requests.filter(({ node }) => node === a).map(({ path }) => path.slice('/v1/watch?'.length));

describe('a watch', () => {
  it('tells what is there, that it is synced, and then changes', async () => {
    const pieces = [put('k', 3, false), synced(4), put('k', 5) + gone('delete', 'k', 6)];
    const { client, time, network } = watching({ pieces, end: 'hang' });
    const events: WatchEvent[] = [];
    const read = async () => {
      for await (const event of client.watch({ prefix: 'k' })) {
        events.push(event);
        if (event.kind === 'delete') break;
      }
    };
    await time.run(read());
    expect(events.map(shown)).toEqual(['put k 3', 'synced 4', 'put k 5', 'delete k 6']);
    expect(events[0]).toMatchObject({
      entry: { key: 'k', revision: 3, contentType: 'text/plain' },
    });
    expect(events[0]?.kind === 'put' && events[0].entry.text()).toBe('x');
    expect(askedFor(network.requests)).toEqual(['prefix=k']);
    expect(network.requests[0]?.headers.get('accept')).toBe('text/event-stream');
  });

  it.each(['close', 'break', 'hang'] as const)(
    'goes on behind the last revision when its stream ends by: %s',
    async (end) => {
      const { client, time, network } = watching(
        { pieces: [synced(4), put('k', 5)], end },
        { pieces: [put('k', 7), bookmark(9)], end },
        { pieces: [gone('expire', 'k', 12)], end },
      );
      const events = await time.run(take(client, 4));
      expect(events).toEqual(['synced 4', 'put k 5', 'put k 7', 'expire k 12']);
      expect(askedFor(network.requests)).toEqual(['', 'from=5', 'from=9']);
    },
  );

  it('tells the changes of a transaction together, or not yet', async () => {
    const { client, time, network } = watching(
      { pieces: [synced(4), put('a', 6, false)], end: 'break' },
      { pieces: [put('a', 6, false), put('b', 6)], end: 'hang' },
    );
    expect(await time.run(take(client, 3))).toEqual(['synced 4', 'put a 6', 'put b 6']);
    expect(askedFor(network.requests)).toEqual(['', 'from=4']);
  });

  it('says reset where a snapshot broke off and begins again', async () => {
    const { client, time } = watching(
      { pieces: [put('a', 2, false)], end: 'break' },
      { pieces: [], end: 'close' },
      { pieces: [put('b', 3, false), synced(4)], end: 'hang' },
    );
    const events = await time.run(take(client, 4));
    expect(events).toEqual(['put a 2', 'reset', 'put b 3', 'synced 4']);
  });

  it('passes on the reset of a node, and forgets where it was', async () => {
    const { client, time, network } = watching(
      { pieces: [reset(9), put('a', 2, false)], end: 'break' },
      { pieces: [put('a', 2, false), synced(11)], end: 'hang' },
    );
    const events = await time.run(take(client, 5, { from: 5 }));
    expect(events).toEqual(['reset 9', 'put a 2', 'reset', 'put a 2', 'synced 11']);
    expect(askedFor(network.requests)).toEqual(['from=5', '']);
  });

  it('waits out a time in which nobody serves', async () => {
    const refused = () => 'refuse' as const;
    const busy = () => answer(503, { code: 'overloaded', outcome: 'not-applied', retryable: true });
    const fails = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? refused : busy));
    const { client, time } = watching(...fails, { pieces: [synced(4)], end: 'hang' });
    expect(await time.run(take(client, 1))).toEqual(['synced 4']);
    expect(time.nowMs).toBeGreaterThan(10_000);
  });

  it('asks another node when one is silent', async () => {
    const { client, time, network } = watching({ pieces: [synced(4)], end: 'hang' });
    network.nodes.set(b, () => streaming({ pieces: [put('k', 5)], end: 'hang' }));
    expect(await time.run(take(client, 2))).toEqual(['synced 4', 'put k 5']);
    expect(network.requests.map(({ node }) => node)).toEqual([a, b]);
  });

  it('throws what no other node would change', async () => {
    const bad = () => answer(400, { code: 'invalid_request', retryable: false, detail: 'no' });
    const { client, time } = watching(bad);
    const watched = time.run(take(client, 1));
    await expect(watched).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it.each([
    ['event: put\ndata: {"revision":3}\n\n'],
    ['event: delete\ndata: {"revision":3}\n\n'],
    ['event: put\ndata: no JSON\n\n'],
    ['event: new\ndata: {"revision":3}\n\n'],
  ])('throws for %j, which it does not know', async (text) => {
    const { client, time } = watching({ pieces: [text], end: 'hang' });
    await expect(time.run(take(client, 1))).rejects.toMatchObject({ code: 'internal' });
  });

  it('ends its connection on break', async () => {
    const { client, time } = watching({ pieces: [synced(4)], end: 'hang' });
    await time.run(take(client, 1));
    expect(cancelled).toEqual([synced(4)]);
    expect(time.pendingTimers).toBe(0);
  });

  it.each([
    ['of the watch', { pieces: [synced(4)], end: 'hang' } as const, 'call'],
    ['of the client', { pieces: [synced(4)], end: 'hang' } as const, 'client'],
    ['while nobody serves', () => 'refuse' as const, 'call'],
  ])('ends with the reason of the signal: %s', async (_name, first, owner) => {
    const controller = new AbortController();
    const { signal } = controller;
    const answers = () => (typeof first === 'function' ? first() : streaming(first));
    const { client, time } = setUp({ [a]: answers }, owner === 'client' ? { signal } : {});
    const watched = take(client, 9, owner === 'call' ? { signal } : {});
    const ended = expect(watched).rejects.toThrow('enough');
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    await ended;
    expect(time.pendingTimers).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import {
  call,
  expectFacts,
  expectProblem,
  expectWritten,
  get,
  keyUrl,
  put,
  remove,
  revisionOf,
} from './call.ts';
import { sharedCluster } from './fixture.ts';

const MiB = 1024 * 1024;
const cluster = sharedCluster({ slaves: 2 });
const master = async () => (await cluster().active()).url;

async function roundTrip(
  url: string,
  key: string,
  value: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  expectWritten(await put(url, key, value));
  return (await get(url, key)).bytes;
}

describe('a value', () => {
  it('comes back as it was: all 256 bytes', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect(await roundTrip(await master(), 'all-bytes', bytes)).toEqual(bytes);
  });

  it('may be empty', async () => {
    const url = await master();
    expect(await roundTrip(url, 'empty', new Uint8Array(0))).toHaveLength(0);
    expect((await get(url, 'empty')).status).toBe(200);
  });

  it('of 1 MiB is kept, on every node', async () => {
    const bytes = new Uint8Array(MiB).map((_, index) => (index * 31) % 251);
    const url = await master();
    expect(await roundTrip(url, 'large', bytes)).toEqual(bytes);
    for (const other of cluster().urls) {
      const read = (await get(other, 'large')).bytes;
      expect(Buffer.compare(read, bytes)).toBe(0);
    }
  });

  it('of one byte more is 413, at every node, and nothing is written', async () => {
    for (const url of cluster().urls) {
      const problem = expectProblem(
        await put(url, 'larger', new Uint8Array(MiB + 1)),
        413,
        'too_large',
      );
      expect(problem.outcome).toBe('not-applied');
    }
    expect((await get(await master(), 'larger')).status).toBe(404);
  });

  it('that does not say how long it is has the same bound', async () => {
    const stream = (bytes: number) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let sent = 0; sent < bytes; sent += MiB / 4) {
            controller.enqueue(new Uint8Array(Math.min(MiB / 4, bytes - sent)));
          }
          controller.close();
        },
      });
    const url = keyUrl(await master(), 'streamed');
    const send = (bytes: number) =>
      call(url, { method: 'PUT', body: stream(bytes), duplex: 'half' });
    expectWritten(await send(MiB));
    // A connection that breaks while the rest is sent says the same as 413.
    const status = await send(MiB + 1).then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect((await get(await master(), 'streamed')).bytes).toHaveLength(MiB);
  });
});

describe('a content type', () => {
  it.each(['text/plain', 'application/json; charset=utf-8', 'image/png', 'x/y;a="b c"'])(
    '%s is kept, by every node',
    async (type) => {
      expectWritten(await put(await master(), 'typed', 'v', { 'content-type': type }));
      for (const url of cluster().urls) {
        const response = await get(url, 'typed');
        expect([response.text, response.headers.get('content-type')]).toEqual(['v', type]);
      }
    },
  );

  it('is application/octet-stream where none was given', async () => {
    const url = await master();
    expectWritten(await put(url, 'untyped', new Uint8Array([1])));
    expect((await get(url, 'untyped')).headers.get('content-type')).toBe(
      'application/octet-stream',
    );
  });
});

describe('every call', () => {
  it('WRITE is 201 for a new key and 200 after that, with a growing revision', async () => {
    const url = await master();
    const first = await put(url, 'grows', '1');
    const second = await put(url, 'grows', '2');
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(revisionOf(second)).toBeGreaterThan(revisionOf(first));
    expect([first.text, second.text]).toEqual(['', '']);
  });

  it('READ has the revision of the last change as its strong ETag', async () => {
    const url = await master();
    const revision = expectWritten(await put(url, 'tagged', 'v'));
    for (const node of cluster().urls) {
      const response = await get(node, 'tagged', `?min-revision=${revision}`);
      expect([response.text, revisionOf(response)]).toEqual(['v', revision]);
    }
  });

  it('HEAD is READ without the bytes', async () => {
    const url = await master();
    const revision = expectWritten(await put(url, 'head', '12345', { 'content-type': 'a/b' }));
    const response = await call(keyUrl(url, 'head'), { method: 'HEAD' });
    expect([response.status, response.text]).toEqual([200, '']);
    expect(response.headers.get('content-length')).toBe('5');
    expect(response.headers.get('content-type')).toBe('a/b');
    expect(revisionOf(response)).toBe(revision);
    const absent = await call(keyUrl(url, 'head-absent'), { method: 'HEAD' });
    expect([absent.status, absent.text]).toEqual([404, '']);
  });

  it('DELETE is 204, and the key is gone from every node', async () => {
    const url = await master();
    expectWritten(await put(url, 'gone', 'v'));
    const response = await remove(url, 'gone');
    expect([response.status, response.text]).toEqual([204, '']);
    for (const node of cluster().urls) expectProblem(await get(node, 'gone'), 404, 'not_found');
    expectProblem(await remove(url, 'gone'), 404, 'not_found');
  });

  it('a key that comes back after a DELETE is new, with a higher revision', async () => {
    const url = await master();
    const before = expectWritten(await put(url, 'again', 'v'));
    await remove(url, 'again');
    const response = await put(url, 'again', 'v');
    expect(response.status).toBe(201);
    expect(revisionOf(response)).toBeGreaterThan(before);
  });

  it('says which node answered, in which role, epoch and revision', async () => {
    for (const node of cluster().nodes) {
      const status = await node.status();
      expect(status).not.toBeNull();
      const responses = await Promise.all([
        put(node.url, 'facts', 'v'),
        get(node.url, 'facts'),
        get(node.url, 'facts-absent'),
        call(`${node.url}/livez`),
        call(`${node.url}/v1/status`),
        call(`${node.url}/nothing/here`),
      ]);
      for (const response of responses) {
        expectFacts(response);
      }
      expect(responses[1]?.headers.get('dsm-node')).toBe(status?.nodeId);
    }
  });

  it('is 404 where there is nothing, and 405 where the method is none', async () => {
    const url = await master();
    expectProblem(await call(`${url}/v1/nothing`), 404, 'no_route');
    const response = await call(keyUrl(url, 'a'), { method: 'PATCH', body: 'v' });
    expect(response.headers.get('allow')).toBe('GET, HEAD, PUT, POST, DELETE');
    expectProblem(response, 405, 'method_not_allowed');
  });
});

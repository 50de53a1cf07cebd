import { describe, expect, it } from 'vitest';
import {
  type Answer,
  call,
  expectProblem,
  expectWritten,
  get,
  keyUrl,
  put,
  remove,
  textOf,
} from './call.ts';
import type { Cluster } from './cluster.ts';
import { clusterForTest } from './fixture.ts';
import { encodeRequest, RawConnection } from './raw-http.ts';
import { until } from './until.ts';

const KiB = 1024;

const urlOf = (cluster: Cluster) => cluster.urls[0] ?? '';

describe('the memory quota', () => {
  it('refuses writes with 507, while deletes and reads go on', async () => {
    // A master alone: what is bounded here is bounded in each node by itself.
    const flags = ['--memory-bytes-max', '1MiB'];
    const url = urlOf(await clusterForTest({ slaves: 0, backups: 0, flags }));
    const value = new Uint8Array(100 * KiB);
    const written: string[] = [];
    let refused: Answer | null = null;
    for (let number = 0; number < 20 && refused === null; number += 1) {
      const answer = await put(url, `key-${number}`, value);
      if (answer.status === 201) written.push(`key-${number}`);
      else refused = answer;
    }
    expect(written.length).toBeGreaterThan(5);
    const problem = expectProblem(refused as Answer, 507, 'memory_quota');
    expect(problem).toMatchObject({ outcome: 'not-applied' });
    for (const key of written) expect((await get(url, key)).bytes).toHaveLength(value.length);

    for (const key of written.slice(0, 3)) expect((await remove(url, key)).status).toBe(204);
    expectWritten(await put(url, 'fits-again', value));
  });
});

describe('more writes than the queue holds', () => {
  it('are 503 with Retry-After, certainly not applied; the others are there', async () => {
    // What waits for its quorum counts too, and nothing else is given up meanwhile.
    const patience = ['--suspect-ms', '--step-down-ms', '--write-timeout-ms'];
    const flags = [
      ...['--queue-records-max', '4', '--remove-ms', '120000'],
      ...patience.flatMap((flag) => [flag, '60000']),
    ];
    const cluster = await clusterForTest({ slaves: 2, backups: 0, flags });
    const url = urlOf(cluster);
    for (const slave of cluster.slaves) slave.pause();
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    let ended = 0;
    const calls = numbers.map(async (number) => {
      const answer = await put(url, `flood-${number}`, String(number));
      ended += 1;
      return answer;
    });
    await until('all but four are answered', () => ended >= 296);
    for (const slave of cluster.slaves) slave.resume();
    const answers = await Promise.all(calls);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused).toHaveLength(296);
    for (const answer of refused) {
      expectProblem(answer, 503, 'overloaded');
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    for (const [number, answer] of answers.entries()) {
      const read = await get(url, `flood-${number}`);
      expect([read.status, answer.status]).toEqual(answer.status === 503 ? [404, 503] : [200, 201]);
    }
  });
});

/** A node closes these connections in at most 15 s; whatever it does, others must be served. */
describe('slow and broken clients', () => {
  const body = 'x'.repeat(1000);
  const putOf = (url: string, target: string) =>
    Buffer.from(encodeRequest(url, { method: 'PUT', target, body }));

  /** What each of them sends, and then nothing more. */
  const sent = (url: string): readonly (readonly [string, Uint8Array])[] => {
    const whole = putOf(url, '/v1/kv/slow');
    return [
      ['nothing', Buffer.alloc(0)],
      ['half a header', whole.subarray(0, 40)],
      ['half a body', whole.subarray(0, whole.length - 500)],
      ['no byte of its body', whole.subarray(0, whole.length - body.length)],
      ['an unfinished chunk', Buffer.from(chunkedHead(url))],
      ['garbage', Buffer.from('\x16\x03\x01 not HTTP at all\r\n\r\n')],
    ];
  };

  const chunkedHead = (url: string) =>
    `PUT /v1/kv/slow HTTP/1.1\r\nHost: ${new URL(url).host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab`;

  it('do not keep others from being served', async () => {
    const url = urlOf(await clusterForTest({ slaves: 1 }));
    const connections: RawConnection[] = [];
    for (let round = 0; round < 30; round += 1) {
      for (const [, bytes] of sent(url)) {
        const connection = await RawConnection.open(url);
        connection.send(bytes);
        connections.push(connection);
      }
    }
    for (let number = 0; number < 50; number += 1) {
      expectWritten(await put(url, 'fast', String(number)));
      expect(await textOf(url, 'fast')).toBe(String(number));
    }
    for (const connection of connections) connection.destroy();
    expectWritten(await put(url, 'after', 'v'));
    expect((await get(url, 'slow')).status).toBe(404);
  });

  it('that stop within a body are given up, and nothing of it is written', async () => {
    const url = urlOf(await clusterForTest({ slaves: 0, backups: 0 }));
    const whole = putOf(url, '/v1/kv/stalled');
    const connection = await RawConnection.open(url);
    connection.send(whole.subarray(0, whole.length - 1));
    const answer = await connection.answer;
    connection.destroy();
    expect([0, 408]).toContain(answer.status);
    expect((await get(url, 'stalled')).status).toBe(404);
  });

  it('that hang up within a body write nothing', async () => {
    const url = urlOf(await clusterForTest({ slaves: 0, backups: 0 }));
    for (let round = 0; round < 20; round += 1) {
      const whole = putOf(url, `/v1/kv/broken-${round}`);
      const connection = await RawConnection.open(url);
      connection.send(whole.subarray(0, whole.length - 1 - round * 40));
      connection.destroy();
    }
    expectWritten(await put(url, 'whole', 'v'));
    for (let round = 0; round < 20; round += 1) {
      expect((await get(url, `broken-${round}`)).status).toBe(404);
    }
  });

  it('that ask for much and read nothing do not hold a node', async () => {
    const url = urlOf(await clusterForTest({ slaves: 0, backups: 0 }));
    expectWritten(await put(url, 'large', new Uint8Array(1024 * KiB)));
    const request = `GET /v1/kv/large HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`;
    const connections: RawConnection[] = [];
    for (let number = 0; number < 20; number += 1) {
      const connection = await RawConnection.open(url);
      connection.stopReading();
      connection.send(request.repeat(20));
      connections.push(connection);
    }
    for (let number = 0; number < 20; number += 1) {
      expectWritten(await put(url, 'fast', String(number)));
      expect((await call(keyUrl(url, 'fast'))).text).toBe(String(number));
    }
    for (const connection of connections) connection.destroy();
  });
});

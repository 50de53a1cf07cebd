import { expect, it } from 'vitest';
import { call, keyUrl, textOf } from './call.ts';
import type { Cluster } from './cluster.ts';
import { clusterForTest } from './fixture.ts';

const clients = 100;
const failovers = 3;

/** Counts until it is told to stop, each time with the same key until it is answered. */
class Counter {
  readonly #cluster: Cluster;
  readonly #name: number;
  done = 0;
  isStopped = false;

  constructor(cluster: Cluster, name: number) {
    this.#cluster = cluster;
    this.#name = name;
  }

  async run(): Promise<void> {
    while (!this.isStopped) await this.#count();
  }

  async #count(): Promise<void> {
    const { urls } = this.#cluster;
    const headers = { 'idempotency-key': `"${this.#name}-${this.done}"` };
    for (let attempt = 0; ; attempt += 1) {
      const url = urls[(this.#name + attempt) % urls.length] ?? '';
      const init = { method: 'POST', headers };
      const answer = await call(`${keyUrl(url, 'sum')}?op=increment`, init).catch(() => null);
      if (answer === null) continue;
      if (answer.status === 200 || answer.status === 201) break;
      // Nothing else may be said of it: what may be repeated says so.
      expect([answer.status, answer.text]).toEqual([
        expect.toBeOneOf([503, 504]),
        expect.stringContaining('"retryable":true'),
      ]);
    }
    this.done += 1;
  }
}

it(`${clients} clients count exactly across ${failovers} failovers`, async () => {
  const cluster = await clusterForTest({ slaves: 2 });
  const counters = Array.from({ length: clients }, (_, i) => new Counter(cluster, i));
  const running = Promise.all(counters.map((counter) => counter.run()));
  for (let i = 0; i < failovers; i += 1) {
    const master = await cluster.active();
    const before = counters.reduce((sum, { done }) => sum + done, 0);
    await master.kill();
    await cluster.active(master);
    master.start();
    await cluster.ready();
    const after = counters.reduce((sum, { done }) => sum + done, 0);
    expect(after).toBeGreaterThan(before);
  }
  for (const counter of counters) counter.isStopped = true;
  await running;
  const sum = counters.reduce((total, { done }) => total + done, 0);
  for (const url of cluster.urls) expect(await textOf(url, 'sum')).toBe(String(sum));
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestStore, type TestStore } from '../testing.ts';
import { createClient } from './client.ts';
import type { Leadership } from './types.ts';

let store: TestStore;
beforeEach(() => {
  store = createTestStore();
});
afterEach(() => store.close());

/** Somebody who leads until told to stop, or until that is lost. */
class Candidate {
  readonly terms: Leadership[] = [];
  readonly #stop = new AbortController();
  readonly ended: Promise<void>;
  #onTerm = () => {};

  constructor(name = 'job') {
    this.ended = store.client.elect(name, (leadership) => this.#lead(leadership), {
      ttl: 9,
      signal: this.#stop.signal,
    });
  }

  #lead(leadership: Leadership): Promise<void> {
    this.terms.push(leadership);
    this.#onTerm();
    return new Promise((_, reject) => {
      const { signal } = leadership;
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  async leads(times = 1): Promise<void> {
    while (this.terms.length < times) {
      await new Promise<void>((resolve) => {
        this.#onTerm = resolve;
      });
    }
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.ended;
  }
}

const lockOf = async (): Promise<{ session: string; waiting: number }> =>
  (await store.fetch(new Request('http://dsm.test/v1/locks/job'))).json();

describe('an election', () => {
  it('has one leader at a time, and the next one when that one stops, with a higher token', async () => {
    const first = new Candidate();
    await first.leads();
    const second = new Candidate();
    while ((await lockOf()).waiting === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(second.terms).toEqual([]);
    await first.stop();
    await second.leads();
    expect(first.terms[0]?.signal.aborted).toBe(true);
    expect(second.terms[0]?.token).toBeGreaterThan(first.terms[0]?.token ?? Infinity);
    await second.stop();
  });

  it('that was lost is stood for again, once the leader has stopped', async () => {
    const candidate = new Candidate();
    await candidate.leads();
    const { session } = await lockOf();
    const end = new Request(`http://dsm.test/v1/sessions/${session}`, { method: 'DELETE' });
    expect((await store.fetch(end)).status).toBe(204);
    await store.advance(9000);
    await candidate.leads(2);
    expect(candidate.terms.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    await candidate.stop();
  });

  it('is over when the leader is done, and another may lead at once', async () => {
    await store.client.elect('job', async () => {});
    await store.client.elect('job', async () => {});
  });

  it('ends with what the leader fails with, and another may lead at once', async () => {
    const failing = store.client.elect('job', () => Promise.reject(new Error('my own')));
    await expect(failing).rejects.toThrow('my own');
    await store.client.elect('job', async () => {});
  });

  it('goes on when the nodes could not be reached for a while', async () => {
    // Refuses all that is asked with the first idempotency key: that call fails as a whole.
    let keys = 0;
    const client = createClient({
      masters: ['http://dsm.test'],
      timeoutMs: 500,
      environment: {
        random: () => 0.01,
        newKey: () => {
          keys += 1;
          return `key-${keys}`;
        },
      },
      fetch: (url, init) => {
        if (keys <= 1) return Promise.reject(new TypeError('fetch failed'));
        return store.fetch(new Request(url, init));
      },
    });
    const led: number[] = [];
    await client.elect('job', async ({ token }) => void led.push(token));
    expect(led).toHaveLength(1);
  });

  it('goes on when the store was full for a while', async () => {
    let refusals = 0;
    const client = createClient({
      masters: ['http://dsm.test'],
      environment: { random: () => 0.001 },
      fetch: (url, init) => {
        const isOpening = init.method === 'POST' && new URL(url).pathname === '/v1/sessions';
        if (!isOpening || refusals === 3) return store.fetch(new Request(url, init));
        refusals += 1;
        const headers = { 'dsm-node': 'n1', 'content-type': 'application/problem+json' };
        const body = JSON.stringify({ code: 'memory_quota' });
        return Promise.resolve(new Response(body, { status: 507, headers }));
      },
    });
    const led: number[] = [];
    await client.elect('job', async ({ token }) => void led.push(token));
    expect([led.length, refusals]).toEqual([1, 3]);
  });

  it('is not begun with a signal that has aborted, nor with a name that is none', async () => {
    await store.client.elect('job', () => Promise.reject(new Error('led')), {
      signal: AbortSignal.abort(),
    });
    const nameless = store.client.elect('', async () => {});
    await expect(nameless).rejects.toMatchObject({ code: 'invalid_key' });
  });
});

import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../client/client.ts';
import { DsmError } from '../core/errors.ts';
import { createTestStore, type TestStore } from '../testing.ts';
import { type RateLimitOptions, rateLimit } from './hono.ts';

let store: TestStore;
beforeEach(() => {
  store = createTestStore();
});
afterEach(() => {
  vi.restoreAllMocks();
  return store.close();
});

function server(options: Partial<RateLimitOptions> = {}) {
  const app = new Hono();
  const key: RateLimitOptions['key'] = (c) => c.req.header('user') ?? null;
  const { client } = store;
  app.use(rateLimit({ client, limit: 5, windowSeconds: 60, key, ...options }));
  return app.get('/', (c) => c.text('served'));
}

const ask = async (app: ReturnType<typeof server>, user = 'alice') =>
  app.request('/', { headers: { user } });

describe('a rate limit', () => {
  it('is exact, however many servers count at once', async () => {
    const servers = [server(), server(), server()];
    const asked = Array.from({ length: 12 }, (_, i) => ask(servers[i % 3] ?? server()));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(7);
    expect((await ask(server(), 'bob')).status).toBe(200);
  });

  it('says what is left, and when to come back', async () => {
    const app = server({ limit: 2, name: 'api' });
    const [first, second, third] = [await ask(app), await ask(app), await ask(app)];
    expect(first.headers.get('ratelimit-policy')).toBe('"api";q=2;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"api";r=1;t=(?:60|5\d)$/);
    expect(second.headers.get('ratelimit')).toMatch(/^"api";r=0;t=(?:60|5\d)$/);
    expect(third.status).toBe(429);
    expect(third.headers.get('retry-after')).toMatch(/^(?:60|5\d)$/);
    expect(third.headers.get('ratelimit')).toMatch(/^"api";r=0;t=(?:60|5\d)$/);
    expect(await third.text()).toBe('Too many requests');
  });

  it('says so also where a handler makes its own Response', async () => {
    const app = new Hono();
    app.use(rateLimit({ client: store.client, limit: 5, windowSeconds: 60, key: () => 'all' }));
    app.get('/', () => new Response('own'));
    expect((await app.request('/')).headers.get('ratelimit')).toContain(';r=4;');
  });

  it('begins anew when its window is over, which further requests do not put off', async () => {
    const app = server({ limit: 1 });
    expect((await ask(app)).status).toBe(200);
    await store.advance(40_000);
    const refused = await ask(app);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(20);
    await store.advance(20_001);
    expect((await ask(app)).status).toBe(200);
    expect((await ask(app)).status).toBe(429);
  });

  it('counts nobody whom it is told not to, and each limit for itself', async () => {
    const app = new Hono();
    const limit = { client: store.client, windowSeconds: 60, key: () => 'all' };
    app.use(rateLimit({ ...limit, limit: 2, name: 'short' }));
    app.use(rateLimit({ ...limit, limit: 9, name: 'long' }));
    app.get('/', (c) => c.text('served'));
    const both = await app.request('/');
    expect(both.headers.get('ratelimit')).toMatch(/^"long";r=8;t=\d+, "short";r=1;t=\d+$/);
    const free = server({ limit: 1 });
    for (let times = 0; times < 3; times += 1) expect((await free.request('/')).status).toBe(200);
  });

  it('answers what is too much as it is told to', async () => {
    const app = server({ limit: 1, onLimited: (c) => c.json({ error: 'slow down' }, 429) });
    await ask(app);
    const refused = await ask(app);
    expect(await refused.json()).toEqual({ error: 'slow down' });
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('refuses or allows, as it is told to, where the store cannot be asked', async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed'));
    const client = createClient({ masters: ['http://127.0.0.1:1'], fetch });
    const refusing = await ask(server({ client, timeoutMs: 1 }));
    expect([refusing.status, refusing.headers.get('retry-after')]).toEqual([503, '1']);
    const allowing = await ask(server({ client, timeoutMs: 1, whenUnavailable: 'allow' }));
    expect([allowing.status, await allowing.text()]).toEqual([200, 'served']);
    vi.spyOn(store.client, 'increment').mockRejectedValue(new DsmError('memory_quota'));
    expect((await ask(server({ whenUnavailable: 'allow' }))).status).toBe(200);
    expect((await ask(server())).status).toBe(503);
  });

  it.each(['k'.repeat(5000), '..', 'half \ud800', ''])(
    'counts whoever comes, whatever they are called: %#',
    async (who) => {
      const app = server({ limit: 1, key: () => who });
      expect([(await ask(app)).status, (await ask(app)).status]).toEqual([200, 429]);
      expect((await ask(server({ limit: 1, key: () => 'another' }))).status).toBe(200);
    },
  );

  it('keeps no name of anybody in the store', async () => {
    await ask(server(), 'alice');
    for await (const key of store.client.keys())
      expect(key).toMatch(/^ratelimit\/default\/[\w-]{43}$/);
  });

  it('takes a window that is no round number', async () => {
    const app = server({ limit: 1, windowSeconds: 1 / 3 });
    expect((await ask(app)).status).toBe(200);
    await store.advance(334);
    expect((await ask(app)).status).toBe(200);
  });

  it.each(['junk', String(Number.MAX_SAFE_INTEGER)])(
    'begins anew where %s stands in its place',
    async (junk) => {
      const app = server({ limit: 1 });
      await ask(app);
      for await (const key of store.client.keys()) await store.client.put(key, junk);
      expect([(await ask(app)).status, (await ask(app)).status]).toEqual([200, 429]);
    },
  );

  it('ends the window of a counter that came without a lifetime, and counts on in it', async () => {
    const servers = [server(), server(), server()];
    await ask(server());
    for await (const key of store.client.keys()) await store.client.put(key, '2');
    const asked = Array.from({ length: 12 }, (_, i) => ask(servers[i % 3] ?? server()));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    expect((await ask(server())).headers.get('retry-after')).toMatch(/^(?:60|5\d)$/);
    await store.advance(60_001);
    expect((await ask(server())).status).toBe(200);
  });

  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ windowSeconds: 0 }, 'windowSeconds'],
    [{ windowSeconds: Number.NaN }, 'windowSeconds'],
    [{ windowSeconds: Infinity }, 'windowSeconds'],
    [{ windowSeconds: 1e9 }, 'windowSeconds'],
    [{ name: 'a"b' }, 'name'],
  ])('refuses %j', (options, text) => {
    expect(() => server(options)).toThrow(text);
  });
});

import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../client/client.ts';
import { DsmError } from '../core/errors.ts';
import { createTestStore, type TestStore } from '../testing.ts';
import { type SessionsEnv, type SessionsOptions, sessions } from './hono.ts';

interface Data {
  readonly user?: string;
  readonly visits?: number;
}

let store: TestStore;
beforeEach(() => {
  store = createTestStore();
});
afterEach(() => {
  vi.restoreAllMocks();
  return store.close();
});

/** One of the servers; all of them use the same store. */
function server(options: Partial<SessionsOptions> = {}) {
  const app = new Hono<SessionsEnv<Data>>();
  app.use(sessions<Data>({ client: store.client, ...options }));
  app.get('/', (c) => c.json(c.var.session.data));
  app.post('/login/:user', async (c) => {
    await c.var.session.regenerate({ user: c.req.param('user') });
    return c.text('in');
  });
  app.post('/visit', async (c) => {
    const isThere = await c.var.session.update((data) => ({
      ...data,
      visits: (data.visits ?? 0) + 1,
    }));
    return c.json(isThere);
  });
  app.post('/logout', async (c) => {
    await c.var.session.destroy();
    return c.text('out');
  });
  return app;
}

/** A browser, as far as it matters: it keeps the cookie. */
class Browser {
  cookie = '';
  /** The whole header of the last answer that had one. */
  setCookie: string | null = null;

  async ask(app: ReturnType<typeof server>, method: string, path: string): Promise<Response> {
    const response = await app.request(path, { method, headers: { cookie: this.cookie } });
    this.setCookie = response.headers.get('set-cookie');
    const pair = this.setCookie?.split(';')[0];
    if (pair !== undefined) this.cookie = pair.endsWith('=') ? '' : pair;
    return response;
  }
}

const keysOf = async () => {
  const keys = [];
  for await (const key of store.client.keys()) keys.push(key);
  return keys;
};

describe('sessions', () => {
  it('are shared by all servers', async () => {
    const [a, b, c] = [server(), server(), server()];
    const browser = new Browser();
    await browser.ask(a, 'POST', '/login/alice');
    await browser.ask(b, 'POST', '/visit');
    expect(await (await browser.ask(c, 'GET', '/')).json()).toEqual({ user: 'alice', visits: 1 });
  });

  it('are not made for who only looks', async () => {
    const browser = new Browser();
    expect(await (await browser.ask(server(), 'GET', '/')).json()).toBeNull();
    expect([browser.setCookie, await keysOf()]).toEqual([null, []]);
  });

  it('lose no change, when many servers make them at once', async () => {
    const browser = new Browser();
    await browser.ask(server(), 'POST', '/login/alice');
    const { cookie } = browser;
    const visits = Array.from({ length: 8 }, () =>
      server().request('/visit', { method: 'POST', headers: { cookie } }),
    );
    for (const { status } of await Promise.all(visits)) expect(status).toBe(200);
    const data = await (await browser.ask(server(), 'GET', '/')).json();
    expect(data).toEqual({ user: 'alice', visits: 8 });
  });

  it('let everybody have a turn, when many servers change one all the time', async () => {
    const browser = new Browser();
    await browser.ask(server(), 'POST', '/login/alice');
    const { cookie } = browser;
    const work = async () => {
      const app = server();
      for (let turn = 0; turn < 20; turn += 1) {
        const { status } = await app.request('/visit', { method: 'POST', headers: { cookie } });
        expect(status).toBe(200);
      }
    };
    await Promise.all(Array.from({ length: 5 }, work));
    const data = await (await browser.ask(server(), 'GET', '/')).json();
    expect(data).toEqual({ user: 'alice', visits: 100 });
  });

  it('have a cookie that scripts and other sites do not get, and plain HTTP only if told so', async () => {
    const browser = new Browser();
    await browser.ask(server(), 'POST', '/login/alice');
    const id = /^__Host-session=([\w-]{43});/.exec(browser.setCookie ?? '')?.[1];
    expect(id).toBeDefined();
    const attributes = browser.setCookie?.split('; ').slice(1).toSorted();
    expect(attributes).toEqual(['HttpOnly', 'Max-Age=86400', 'Path=/', 'SameSite=Lax', 'Secure']);
    const plain = new Browser();
    await plain.ask(server({ secure: false, ttlSeconds: 60 }), 'POST', '/login/alice');
    expect(plain.setCookie).toMatch(
      /^session=[\w-]{43}; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it('are stored under a hash: the store does not say the id', async () => {
    const browser = new Browser();
    await browser.ask(server(), 'POST', '/login/alice');
    const [key = ''] = await keysOf();
    expect(key).toMatch(/^sessions\/[\w-]{43}$/);
    expect(browser.cookie).not.toContain(key.slice('sessions/'.length));
  });

  it('get a new id at sign-in, and the old one is of no use', async () => {
    const [app, browser] = [server(), new Browser()];
    await browser.ask(app, 'POST', '/visit');
    const before = browser.cookie;
    await browser.ask(app, 'POST', '/login/alice');
    expect(browser.cookie).not.toBe(before);
    const old = new Browser();
    old.cookie = before;
    expect(await (await old.ask(app, 'GET', '/')).json()).toBeNull();
    expect(await keysOf()).toHaveLength(1);
  });

  it('never take an id that somebody else has chosen', async () => {
    const [app, browser] = [server(), new Browser()];
    for (const chosen of ['x'.repeat(43), 'short', '../../admin']) {
      browser.cookie = `__Host-session=${chosen}`;
      await browser.ask(app, 'POST', '/visit');
      expect(browser.cookie).not.toContain(chosen);
    }
  });

  it('end at all servers, and a change under way does not bring them back', async () => {
    const browser = new Browser();
    await browser.ask(server(), 'POST', '/login/alice');
    const { cookie } = browser;
    const slow = new Hono<SessionsEnv<Data>>();
    slow.use(sessions<Data>({ client: store.client }));
    slow.post('/', async (c) => {
      await browser.ask(server(), 'POST', '/logout');
      return c.json(await c.var.session.update((data) => ({ ...data, visits: 1 })));
    });
    const late = await slow.request('/', { method: 'POST', headers: { cookie } });
    expect(await late.json()).toBe(false);
    expect(late.headers.get('set-cookie')).toBeNull();
    expect([browser.cookie, await keysOf()]).toEqual(['', []]);
  });

  it('live while they are used, and end when they are not', async () => {
    const app = server({ ttlSeconds: 100 });
    const browser = new Browser();
    await browser.ask(app, 'POST', '/login/alice');
    await browser.ask(app, 'GET', '/');
    expect(browser.setCookie).toBeNull();
    for (let times = 0; times < 4; times += 1) {
      await store.advance(60_000);
      expect(await (await browser.ask(app, 'GET', '/')).json()).toEqual({ user: 'alice' });
      expect(browser.setCookie).toContain('Max-Age=100');
    }
    await store.advance(101_000);
    expect(await (await browser.ask(app, 'GET', '/')).json()).toBeNull();
    expect(await keysOf()).toEqual([]);
  });

  it('get an end where they came without one', async () => {
    const [app, browser] = [server({ ttlSeconds: 100 }), new Browser()];
    await browser.ask(app, 'POST', '/login/alice');
    for (const key of await keysOf()) await store.client.put(key, { user: 'imported' });
    expect(await (await browser.ask(app, 'GET', '/')).json()).toEqual({ user: 'imported' });
    expect(browser.setCookie).toContain('Max-Age=100');
    await store.advance(101_000);
    expect(await keysOf()).toEqual([]);
  });

  it('have a new id that answers under way with the old one leave alone', async () => {
    const app = server();
    const [browser, underWay] = [new Browser(), new Browser()];
    await browser.ask(app, 'POST', '/login/alice');
    underWay.cookie = browser.cookie;
    await browser.ask(app, 'POST', '/login/bob');
    expect(await (await underWay.ask(app, 'GET', '/')).json()).toBeNull();
    expect(underWay.setCookie).toBeNull();
  });

  it('reach the browser also where a handler makes its own Response', async () => {
    const app = new Hono<SessionsEnv<Data>>();
    app.use(sessions<Data>({ client: store.client }));
    app.post('/login', async (c) => {
      await c.var.session.regenerate({ user: 'alice' });
      return Response.redirect('http://localhost/', 303);
    });
    const response = await app.request('/login', { method: 'POST' });
    expect(response.headers.get('set-cookie')).toContain('__Host-session=');
  });

  it('can be ended again where ending them failed', async () => {
    const browser = new Browser();
    await browser.ask(server(), 'POST', '/login/alice');
    const app = new Hono<SessionsEnv<Data>>();
    app.use(sessions<Data>({ client: store.client }));
    app.post('/', async (c) => {
      vi.spyOn(store.client, 'delete').mockRejectedValueOnce(new Error('away'));
      await expect(c.var.session.destroy()).rejects.toThrow('away');
      await c.var.session.destroy();
      return c.text('out');
    });
    expect((await browser.ask(app as never, 'POST', '/')).status).toBe(200);
    expect([browser.cookie, await keysOf()]).toEqual(['', []]);
  });

  it('answer 503 where the store cannot be asked', async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed'));
    const client = createClient({ masters: ['http://127.0.0.1:1'], timeoutMs: 1, fetch });
    const browser = new Browser();
    browser.cookie = `__Host-session=${'x'.repeat(43)}`;
    const response = await browser.ask(server({ client }), 'GET', '/');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    for (const ttlSeconds of [0, Number.NaN, 401 * 86_400]) {
      expect(() => sessions({ client, ttlSeconds })).toThrow('ttlSeconds');
    }
  });

  it.each(['POST /login/bob', 'POST /visit', 'POST /logout'])(
    'answer 503 where the store is lost before %s',
    async (request) => {
      const [method = '', path = ''] = request.split(' ');
      const browser = new Browser();
      await browser.ask(server(), 'POST', '/login/alice');
      const away = () => Promise.reject(new DsmError('no_master'));
      const same = () => txn;
      const txn = { check: same, put: same, delete: same, else: same, commit: away };
      vi.spyOn(store.client, 'txn').mockReturnValue(txn as never);
      vi.spyOn(store.client, 'delete').mockImplementation(away);
      const response = await browser.ask(server(), method, path);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      // It lives on, and so does its cookie.
      expect(browser.setCookie).toBeNull();
      const data = await (await browser.ask(server(), 'GET', '/')).json();
      expect(data).toEqual({ user: 'alice' });
    },
  );

  it.each(['no_master', 'memory_quota'] as const)(
    'can be read where they cannot be renewed: %s',
    async (code) => {
      const [app, browser] = [server({ ttlSeconds: 100 }), new Browser()];
      await browser.ask(app, 'POST', '/login/alice');
      await store.advance(50_000);
      vi.spyOn(store.client, 'touch').mockRejectedValue(new DsmError(code));
      const response = await browser.ask(app, 'GET', '/');
      expect([response.status, await response.json()]).toEqual([200, { user: 'alice' }]);
      expect(browser.setCookie).toBeNull();
    },
  );

  it('may live for a time that is no round number', async () => {
    const [app, browser] = [server({ ttlSeconds: 100 / 3 }), new Browser()];
    await browser.ask(app, 'POST', '/login/alice');
    expect((await browser.ask(app, 'POST', '/visit')).status).toBe(200);
  });

  it('begin for who signs in although the old one has ended meanwhile', async () => {
    const browser = new Browser();
    await browser.ask(server(), 'POST', '/visit');
    const { cookie } = browser;
    const slow = new Hono<SessionsEnv<Data>>();
    slow.use(sessions<Data>({ client: store.client }));
    slow.post('/', async (c) => {
      await browser.ask(server(), 'POST', '/login/alice');
      await c.var.session.regenerate({ user: 'alice' });
      return c.text('in');
    });
    const late = await slow.request('/', { method: 'POST', headers: { cookie } });
    browser.cookie = late.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await (await browser.ask(server(), 'GET', '/')).json()).toEqual({ user: 'alice' });
  });
});

/**
 * A program of somebody who uses dsm: each module of the client side once, against the cluster whose
 * masters it is given. `adapters.test.ts` runs it on every runtime. It prints what it found, as JSON.
 *
 *     <node | bun | deno run -A> every-module.ts MASTERS NAME
 */
import { strict as assert } from 'node:assert';
import process from 'node:process';
import { Hono } from 'hono';
import Keyv from 'keyv';
import { createStorage } from 'unstorage';
import httpDriver from 'unstorage/drivers/http';
import { createClient, DsmError } from '../index.ts';
import { rateLimit, type SessionsEnv, sessions } from '../integrations/hono.ts';
import { KeyvDsm } from '../integrations/keyv.ts';
import dsmDriver from '../integrations/unstorage.ts';
import { createTestStore } from '../testing.ts';

const [list = '', name = ''] = process.argv.slice(2);
const masters = list.split(',');
// Generous: three runtimes start at once, on a machine that may be small.
const client = createClient({ masters, timeoutMs: 40_000 });

async function useClient() {
  await client.put(`${name}/greeting`, 'hello', { ttl: 600 });
  const refused = await client.create(`${name}/greeting`, 'again');
  const failure = await client.increment(`${name}/greeting`).catch((error: unknown) => error);
  assert(failure instanceof DsmError);
  const told: string[] = [];
  for await (const event of client.watch({ prefix: `${name}/` })) {
    if (told.push(event.kind) === 2) break;
  }
  let led = 0;
  await client.elect(`${name}/leader`, async ({ token }) => {
    led = token;
  });
  await using lock = await client.lock(`${name}/leader`);
  const entry = await client.get(`${name}/greeting`);
  return [entry?.text(), refused.ok, failure.code, told, lock.token > led];
}

async function useUnstorage() {
  const ours = createStorage({ driver: dsmDriver({ client, base: `${name}/ours` }) });
  const headers = { 'dsm-base': `${name}/ours` };
  const stock = createStorage({
    driver: httpDriver({ base: `${masters[0]}/v1/unstorage`, headers }),
  });
  await ours.setItem('users:alice', { age: 4 });
  await stock.setItem('users:bob', { age: 5 });
  const found = [await stock.getItem('users:alice'), await ours.getItem('users:bob')];
  return [...found, await stock.getKeys(), await ours.getKeys()];
}

async function useKeyv() {
  const keyv = new Keyv({ store: new KeyvDsm({ client }), namespace: name });
  await keyv.set('a', { b: 1 }, 600_000);
  const found = await keyv.get(['a', 'absent']);
  return [found, await keyv.delete('a'), (await keyv.get('a')) ?? null];
}

async function useHono() {
  const app = new Hono<SessionsEnv<{ user?: string }>>();
  app.use(sessions<{ user?: string }>({ client, prefix: `${name}/sessions/` }));
  app.use(rateLimit({ client, limit: 2, windowSeconds: 3600, key: () => name }));
  app.post('/login', async (c) => {
    await c.var.session.regenerate({ user: 'alice' });
    return c.text('in');
  });
  app.get('/me', (c) => c.text(c.var.session.data?.user ?? 'nobody'));
  const login = await app.request('/login', { method: 'POST' });
  const headers = { cookie: login.headers.get('set-cookie')?.split(';')[0] ?? '' };
  const me = await app.request('/me', { headers });
  const tooMuch = await app.request('/me', { headers });
  return [login.status, await me.text(), tooMuch.status];
}

async function useTesting() {
  await using store = createTestStore();
  await store.client.put('short', 'v', { ttl: 60 });
  const before = (await store.client.get('short'))?.text();
  await store.advance(61_000);
  return [before, await store.client.get('short')];
}

const found = {
  client: await useClient(),
  unstorage: await useUnstorage(),
  keyv: await useKeyv(),
  hono: await useHono(),
  testing: await useTesting(),
};
console.log(JSON.stringify(found));

/** Servers of an application that share sessions and a rate limit, each with a client of its own. */
import { Hono } from 'hono';
import { expect } from 'vitest';
import { createClient } from '../client/client.ts';
import { rateLimit, type SessionsEnv, sessions } from '../integrations/hono.ts';
import { untilTimeoutMs } from './until.ts';

export interface Visitor {
  readonly user?: string;
  readonly visits?: number;
}

export type Server = Hono<SessionsEnv<Visitor>>;

export const searchLimit = 60;
/** Before the keys of its counters. */
export const limitPrefix = 'fleet/limits/';

/** One server for each of `masters`, as long as they may take: what is told apart is done or not. */
export function createFleet(masters: readonly string[], servers: number): Server[] {
  return Array.from({ length: servers }, () => createServer(masters));
}

function createServer(masters: readonly string[]): Server {
  // However long a failover takes here: every request is to be answered by what the store says.
  const timeoutMs = untilTimeoutMs;
  const client = createClient({ masters, timeoutMs });
  const app = new Hono<SessionsEnv<Visitor>>();
  // A test is to say what went wrong, which is nothing for visitors.
  app.onError((error, c) => c.text(String(error), 500));
  app.use(sessions<Visitor>({ client }));
  app.get('/me', (c) => c.json(c.var.session.data));
  app.post('/login/:user', async (c) => {
    await c.var.session.regenerate({ user: c.req.param('user'), visits: 0 });
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
  const limited = rateLimit({
    ...{ client, timeoutMs, limit: searchLimit, windowSeconds: 3600, prefix: limitPrefix },
    key: () => 'everybody',
  });
  app.get('/search', limited, (c) => c.text('found'));
  return app;
}

/** Asks as a browser does that has this cookie; every answer must be 200. */
export async function visit(server: Server, path: string, cookie = ''): Promise<Visited> {
  const method = path === '/me' ? 'GET' : 'POST';
  const answer = await server.request(path, { method, headers: { cookie } });
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.any(String)]);
  return { text, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? cookie };
}

interface Visited {
  readonly text: string;
  readonly cookie: string;
}

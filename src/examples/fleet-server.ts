/**
 * One of the servers of the fleet: an ordinary Hono app that keeps nothing by itself but a copy of a
 * flag. See `fleet.ts`, which starts three of them.
 */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { type Client, createClient } from '../client/client.ts';
import { rateLimit, type SessionsEnv, sessions } from '../integrations/hono.ts';

interface Visitor {
  readonly user: string;
}

const flagKey = 'fleet/flags/new-checkout';

function createFleetApp(client: Client, prefix: string) {
  const flag = { value: 'off' };
  void followFlag(client, flag);

  const app = new Hono<SessionsEnv<Visitor>>();
  // Not `secure`: the example has no HTTPS.
  app.use(sessions<Visitor>({ client, secure: false, ttlSeconds: 1800 }));
  app.post('/login/:user', async (c) => {
    await c.var.session.regenerate({ user: c.req.param('user') });
    return c.text('welcome');
  });
  app.get('/me', (c) => c.text(c.var.session.data?.user ?? 'nobody'));
  const key: Parameters<typeof rateLimit>[0]['key'] = (c) => c.var.session.data?.user ?? null;
  app.get('/search', rateLimit({ client, limit: 5, windowSeconds: 60, key, prefix }), (c) =>
    c.text('found'),
  );
  app.put('/flag', async (c) => {
    await client.put(flagKey, await c.req.text());
    return c.text('set');
  });
  app.get('/flag', (c) => c.text(flag.value));
  return app;
}

/** Every server has the flag in its memory, and is told of changes: reading it costs nothing. */
async function followFlag(client: Client, flag: { value: string }): Promise<void> {
  for await (const event of client.watch({ key: flagKey })) {
    if (event.kind === 'put') flag.value = event.entry.text();
    else if (event.kind === 'delete' || event.kind === 'reset') flag.value = 'off';
  }
}

const [masters = '', prefix = ''] = process.argv.slice(2);
const client = createClient({ masters: masters.split(',') });
serve({ fetch: createFleetApp(client, prefix).fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
);
// Ends with whoever started it.
process.stdin.once('close', () => process.exit()).resume();

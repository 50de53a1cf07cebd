/**
 * The smallest server with the data plane of dsm: Hono and one Map in one process, nothing
 * replicated, nothing on disk. What dsm costs beyond it is the cost of keeping a promise.
 * Runs unchanged on Node, Bun and Deno: `node kv-server.ts [--noop]` prints one JSON line.
 */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

interface Kept {
  readonly body: ArrayBuffer;
  readonly revision: number;
}

/** PUT, GET and HEAD of `/v1/kv/{key}` with an ETag, and a status with counters. */
export function createMapApp(): Hono {
  const app = new Hono();
  const kept = new Map<string, Kept>();
  const counters = { reads: 0, writes: 0 };
  let revision = 0;
  app.put('/v1/kv/:key', async (c) => {
    const key = c.req.param('key');
    const body = await c.req.arrayBuffer();
    revision += 1;
    const created = !kept.has(key);
    kept.set(key, { body, revision });
    counters.writes += 1;
    return c.body(null, created ? 201 : 200, { etag: `"${revision}"` });
  });
  app.get('/v1/kv/:key', (c) => {
    counters.reads += 1;
    const found = kept.get(c.req.param('key'));
    if (found === undefined) return c.json({ code: 'not_found' }, 404);
    return c.body(found.body, 200, { etag: `"${found.revision}"`, 'content-type': 'text/plain' });
  });
  app.get('/v1/status', (c) =>
    c.json({ nodeId: 'hono-map', role: 'server', state: 'active', epoch: 1, counters }),
  );
  return app;
}

/** Answers everything with the same few bytes: the ceiling of Hono, loopback and the generator. */
export function createNoopApp(): Hono {
  const app = new Hono();
  const answer = 'ok';
  app.get('/v1/kv/:key', (c) => c.text(answer));
  app.put('/v1/kv/:key', (c) => c.body(null, 200));
  return app;
}

interface Listening {
  readonly url: string;
  stop(): void;
}

/** On a free port of the loopback interface. */
export async function listen(app: Hono): Promise<Listening> {
  const hostname = '127.0.0.1';
  if ('Bun' in globalThis || 'Deno' in globalThis) return listenNatively(app, hostname);
  const { promise, resolve } = Promise.withResolvers<Listening>();
  const server = serve({ fetch: app.fetch, hostname, port: 0 }, ({ port }) => {
    resolve({ url: `http://${hostname}:${port}`, stop: () => void server.close() });
  });
  return promise;
}

interface BunLike {
  serve(options: object): { readonly port: number; stop(now: boolean): void };
}
interface DenoLike {
  serve(
    options: object,
    handler: (request: Request) => Response | Promise<Response>,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
}

function listenNatively(app: Hono, hostname: string): Listening {
  const globals = globalThis as { Bun?: BunLike; Deno?: DenoLike };
  if (globals.Bun !== undefined) {
    const server = globals.Bun.serve({ fetch: app.fetch, hostname, port: 0 });
    return { url: `http://${hostname}:${server.port}`, stop: () => server.stop(true) };
  }
  if (globals.Deno === undefined) throw new Error('this runtime has no server that is known here');
  const server = globals.Deno.serve({ hostname, port: 0, onListen() {} }, (request) =>
    app.fetch(request),
  );
  const url = `http://${hostname}:${server.addr.port}`;
  return { url, stop: () => void server.shutdown() };
}

if (import.meta.main) {
  const { url } = await listen(process.argv.includes('--noop') ? createNoopApp() : createMapApp());
  process.stdout.write(
    `${JSON.stringify({ nodes: [{ role: 'master', url, pid: process.pid }] })}\n`,
  );
}

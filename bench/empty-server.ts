/**
 * The yardstick of `bench/ratio.ts`: an empty Hono server, written as the documentation of Hono
 * writes one, that does the work which any server of this API must do, and nothing else. A GET
 * answers 100 fixed bytes with a content type and an ETag; a PUT reads its body and answers 201.
 *
 *     node bench/empty-server.ts          (or bun, or deno run -A)
 *
 * Prints its base URL as the first line of standard output; ends when its standard input does.
 */
import { Hono } from 'hono';
import { type Handler, serve } from '../src/runtime/serve.ts';

const value = new Uint8Array(100).fill('x'.charCodeAt(0));

const app = new Hono();
app.get('/v1/kv/:key', (c) =>
  c.body(value, 200, { 'content-type': 'application/octet-stream', etag: '"1"' }),
);
app.put('/v1/kv/:key', async (c) => {
  await c.req.arrayBuffer();
  return c.body(null, 201, { etag: '"1"' });
});

const server = await serve({ fetch: app.fetch as Handler, host: '127.0.0.1', port: 0 });
process.stdout.write(`${server.url}\n`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

/**
 * The yardstick of `bench/ratio.ts`: a Hono server that does only what any server of this API must
 * do. A GET answers 100 fixed bytes with a content type and an ETag; a PUT reads its body and answers
 * 201. Written for speed: a slower yardstick would flatter what is measured by it.
 *
 *     node bench/empty-server.ts          (or bun, or deno run -A)
 *
 * Prints its base URL as the first line of standard output; ends when its standard input does.
 */
import { Hono } from 'hono';
import { type Handler, serve } from '../src/runtime/serve.ts';

const value = new Uint8Array(100).fill('x'.charCodeAt(0));
const noBytes = new Uint8Array(0);

const app = new Hono();
app.get('/v1/kv/:key', () => {
  const headers = { 'content-type': 'application/octet-stream', etag: '"1"' };
  return new Response(value, { headers });
});
app.put('/v1/kv/:key', async (c) => {
  await c.req.raw.arrayBuffer();
  return new Response(noBytes, { status: 201, headers: { etag: '"1"' } });
});

const server = await serve({ fetch: app.fetch as Handler, host: '127.0.0.1', port: 0 });
process.stdout.write(`${server.url}\n`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));

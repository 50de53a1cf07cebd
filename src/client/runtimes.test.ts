import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 30_000 });

/** A server on a free port; `close` also breaks its connections. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    response.setHeader('dsm-node', 'n1');
    response.setHeader('dsm-role', 'active');
    request.resume().once('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url, close };
}

const evaluate = {
  node: ['node', '--input-type=module', '-e'],
  bun: ['bun', '-e'],
  deno: ['deno', 'eval', '--no-lock'],
} as const;

/** Runs `code` with `createClient` on a runtime; what it prints, as JSON. */
async function onRuntime(runtime: keyof typeof evaluate, code: string): Promise<unknown> {
  const index = new URL('../index.ts', import.meta.url).href;
  const [name, ...words] = evaluate[runtime];
  const executable = fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
  const whole = `import { createClient } from '${index}';\n${code}`;
  const child = spawn(executable, [...words, whole], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(text);
}

const print = 'console.log(JSON.stringify';
/** The time must be enough for the first call of a new process on a busy machine. */
const writeOnce = (url: string) => `
  const client = createClient({ masters: ['${url}'], timeoutMs: 3000 });
  try { await client.put('k', 'v'); } catch (error) { ${print}([error.code, error.outcome])); }`;

describe.each(['node', 'bun', 'deno'] as const)('the client on %s', (runtime) => {
  it('fails over from a closed port, and writes and reads', async () => {
    const dead = await serve(() => {});
    dead.close();
    const live = await serve((request, response) => {
      response.setHeader('etag', '"3"');
      response.end(request.method === 'GET' ? 'hello' : '');
    });
    const code = `
      const client = createClient({ masters: ['${dead.url}', '${live.url}'] });
      const { revision } = await client.put('k', 'hello');
      ${print}([revision, (await client.get('k')).text(), client.master]));`;
    expect(await onRuntime(runtime, code)).toEqual([3, 'hello', live.url]);
    live.close();
  });

  it('goes on with a watch when its connection breaks, and ends it on break', async () => {
    const closed = Promise.withResolvers<string>();
    const change = (revision: number) =>
      `id: ${revision}\nevent: delete\ndata: {"key":"k","revision":${revision}}\n\n`;
    const live = await serve((request, response) => {
      if (request.url === '/ended') return void closed.promise.then((url) => response.end(url));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(change(request.url === '/v1/watch' ? 5 : 6));
      // Torn off, without the end of the body.
      if (request.url === '/v1/watch') setTimeout(() => response.destroy(), 50);
      else response.once('close', () => closed.resolve(request.url ?? ''));
    });
    const code = `
      const client = createClient({ masters: ['${live.url}'] });
      const told = [];
      for await (const { revision } of client.watch()) if (told.push(revision) === 2) break;
      // Answered when the server has seen the end of the watch, while this process still runs.
      ${print}([...told, await (await fetch('${live.url}/ended')).text()]));`;
    expect(await onRuntime(runtime, code)).toEqual([5, 6, '/v1/watch?from=5']);
    live.close();
  });

  it('knows that nothing happened where nobody ever listened', async () => {
    const dead = await serve(() => {});
    dead.close();
    const result = await onRuntime(runtime, writeOnce(dead.url));
    expect(result).toEqual(['no_master', 'not-applied']);
  });

  it('does not call a write refused that a node took before it died', async () => {
    const dying = await serve((request, response) => {
      if (request.method === 'GET') response.end();
      else dying.close();
    });
    const result = await onRuntime(runtime, writeOnce(dying.url));
    expect(result).toEqual(['write_timeout', 'unknown']);
  });
});

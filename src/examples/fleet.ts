/**
 * Three servers share sessions, a rate limit and a flag; one of them is killed, and nobody notices.
 * Start a cluster (`npm start`), then
 *
 *     node src/examples/fleet.ts [masters, default http://127.0.0.1:12345]
 *
 * The servers are in `fleet-server.ts`.
 */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const server = fileURLToPath(new URL('fleet-server.ts', import.meta.url));
// Each run of the example counts anew.
const prefix = `fleet/limits/${Date.now()}-${process.pid}/`;
const [masters = 'http://127.0.0.1:12345'] = process.argv.slice(2);

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Resolves when it listens: it says where. */
async function start(): Promise<Running> {
  const child = spawn(process.execPath, [server, masters, prefix], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return { child, url: String(line).trim() };
}

async function ask(url: string, method = 'GET', cookie = '', body: string | null = null) {
  const response = await fetch(url, { method, body, headers: { cookie } });
  const own = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
  return { status: response.status, text: await response.text(), cookie: own };
}

/** Changes of a flag are told within milliseconds, but not before they are made. */
async function awaitFlag({ url }: Running, value: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if ((await ask(`${url}/flag`)).text === value) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`${url} was not told that the flag is ${value}`);
}

const fleet = await Promise.all([start(), start(), start()]);
const [first, second, third] = fleet;
assert(first && second && third);
console.log(`three servers: ${fleet.map(({ url }) => url).join(', ')}`);

const { cookie } = await ask(`${first.url}/login/alice`, 'POST');
for (const { url } of fleet) assert.equal((await ask(`${url}/me`, 'GET', cookie)).text, 'alice');
console.log('alice signed in at the first; all three know her');

await ask(`${first.url}/flag`, 'PUT', '', 'on');
for (const one of fleet) await awaitFlag(one, 'on');
console.log('the flag was set at the first; all three have it');

first.child.kill('SIGKILL');
await once(first.child, 'exit');
console.log('the first was killed');

const left = [second, third];
for (const { url } of left) assert.equal((await ask(`${url}/me`, 'GET', cookie)).text, 'alice');
console.log('the others still know alice');

const searches = Array.from({ length: 20 }, (_, i) =>
  ask(`${(i % 2 === 0 ? second : third).url}/search`, 'GET', cookie),
);
const statuses = (await Promise.all(searches)).map(({ status }) => status);
const served = statuses.filter((status) => status === 200).length;
assert.equal(served, 5);
assert.equal(statuses.filter((status) => status === 429).length, 15);
console.log('of 20 searches at both at once, 5 were served: the limit, exactly');

await ask(`${second.url}/flag`, 'PUT', '', 'off');
for (const one of left) await awaitFlag(one, 'off');
console.log('the flag was set back at the second; both have it');
for (const { child } of left) child.kill();

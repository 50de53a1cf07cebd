import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lsnLeap } from '../core/founding.ts';
import { call, expectWritten, get, put } from './call.ts';
import type { Cluster } from './cluster.ts';
import { startDsm } from './dsm.ts';
import { clusterForTest } from './fixture.ts';
import { until } from './until.ts';

async function dsm(...words: string[]) {
  const running = startDsm(words);
  running.process.stdin?.end();
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'dsm-snapshot-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const secretOf = ({ dataDir }: Cluster) => [
  '--cluster-secret-file',
  join(dataDir, 'cluster.secret'),
];

const save = (cluster: Cluster, file: string, ...urls: string[]) =>
  dsm('snapshot', 'save', file, '--masters', urls.join(','), ...secretOf(cluster), '--json');

it('every node gives the state at one revision while clients go on', async () => {
  const cluster = await clusterForTest({ slaves: 2 });
  const { url } = await cluster.active();
  // One after the other: at any revision the keys there are the first so many.
  let written = 0;
  let isOver = false;
  const writing = (async () => {
    for (; !isOver; written += 1) {
      expectWritten(await put(url, `seq/${String(written).padStart(6, '0')}`, 'x'.repeat(3000)));
    }
  })();
  const file = join(temporary(), 'all.snapshot');
  for (const node of cluster.nodes) {
    const before = written;
    await until('something was written', () => written > before + 20);
    const atLeast = written;
    const headers = { 'dsm-secret': cluster.secret };
    const given = await fetch(`${node.url}/v1/admin/snapshot`, { headers });
    writeFileSync(file, new Uint8Array(await given.arrayBuffer()));
    const status = await dsm('snapshot', 'status', file, '--json');
    expect([status.code, status.stderr]).toEqual([0, '']);
    const { revision, keys } = JSON.parse(status.stdout);
    expect(String(revision)).toBe(given.headers.get('dsm-revision'));
    expect(keys).toBeGreaterThanOrEqual(atLeast);
    expect(keys).toBeLessThanOrEqual(written + 1);
    const shown = await call(`${node.url}/v1/kv/seq/${String(keys - 1).padStart(6, '0')}`);
    expect(Number(shown.headers.get('etag')?.replaceAll('"', ''))).toBeLessThanOrEqual(revision);
  }
  isOver = true;
  await writing;
  const saved = await save(cluster, file, url);
  expect([saved.code, saved.stderr]).toEqual([0, '']);
  const { revision, keys, clusterId } = JSON.parse(saved.stdout);
  const status = JSON.parse((await dsm('snapshot', 'status', file, '--json')).stdout);
  expect([status, keys]).toEqual([expect.objectContaining({ revision, keys, clusterId }), written]);
  // The active master was spared: it has given one, above.
  const { text } = await call(`${url}/metrics`);
  expect(text).toMatch(/^dsm_http_requests_total\{[^}]*admin[^}]*\} 1$/m);
});

it('a new cluster goes on from the file: values, revisions, lifetimes, locks', async () => {
  const cluster = await clusterForTest({ slaves: 1 });
  const { url } = await cluster.active();
  const kept = expectWritten(await put(url, 'kept', 'as it was', { 'content-type': 'text/plain' }));
  await call(`${url}/v1/kv/mortal?ttl=3600`, { method: 'PUT', body: 'x' });
  const lock = await call(`${url}/v1/locks/door?ttl=3600`, { method: 'POST' });
  const { token } = JSON.parse(lock.text);
  const directory = temporary();
  const file = join(directory, 'old.snapshot');
  expect(await save(cluster, file, url)).toMatchObject({ code: 0 });
  const lost = expectWritten(await put(url, 'kept', 'too late'));
  await cluster.kill();

  const restore = (name: string) => {
    const dataDir = join(cluster.dataDir, name);
    return dsm('snapshot', 'restore', file, '--data-dir', dataDir, '--json');
  };
  const refused = await restore('master');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('holds the data')]);
  for (const { name } of cluster.masters) rmSync(join(cluster.dataDir, name), { recursive: true });
  const restored = await restore('master');
  expect([restored.code, restored.stderr]).toEqual([0, '']);
  cluster.start();
  const status = await cluster.ready();
  expect(status.clusterId).toBe(JSON.parse(restored.stdout).clusterId);
  expect(status.master?.url).toBe(cluster.node('master').url);

  for (const node of cluster.urls) {
    const read = await get(node, 'kept');
    expect([read.text, read.headers.get('content-type')]).toEqual(['as it was', 'text/plain']);
    expect(read.headers.get('etag')).toBe(`"${kept}"`);
    const left = Number((await get(node, 'mortal')).headers.get('dsm-expires-in'));
    expect(left).toBeGreaterThan(3000);
    expect(left).toBeLessThanOrEqual(3600);
    const held = JSON.parse((await call(`${node}/v1/locks/door`)).text);
    expect(held).toMatchObject({ name: 'door', token });
  }
  // What was lost has no second meaning: revisions go on above it, and a watch begins anew.
  const next = expectWritten(await put(cluster.urls[1] ?? '', 'next', 'x'));
  expect(next).toBeGreaterThan(lsnLeap);
  const late = await put(url, 'kept', 'no', { 'if-match': `"${lost}"` });
  expect(late.status).toBe(412);
  const watch = await call(`${url}/v1/watch?prefix=&from=${lost}&wait=1`);
  expect([watch.status, watch.text]).toEqual([410, expect.stringContaining('gone')]);
});

it('a file that is damaged, cut off or no snapshot is refused, and nothing is written', async () => {
  const cluster = await clusterForTest({ slaves: 0, backups: 0 });
  const { url } = await cluster.active();
  await put(url, 'a', 'x'.repeat(1000));
  const directory = temporary();
  const file = join(directory, 'a.snapshot');
  await save(cluster, file, url);
  const whole = readFileSync(file);
  const spoil: readonly (readonly [() => void, RegExp])[] = [
    [() => truncateSync(file, whole.length - 1), /cut off/],
    [() => writeFileSync(file, whole.with(whole.length >> 1, 7)), /wrong checksum/],
    [() => writeFileSync(file, 'a letter to somebody else'), /does not begin as a snapshot/],
    [() => writeFileSync(file, ''), /cut off/],
  ];
  const dataDir = join(directory, 'data');
  for (const [spoiling, reason] of spoil) {
    spoiling();
    for (const words of [['status'], ['restore', '--data-dir', dataDir]]) {
      const { code, stderr } = await dsm('snapshot', ...words, file);
      expect([code, stderr]).toEqual([1, expect.stringMatching(reason)]);
    }
  }
  expect(readdirSync(directory)).toEqual(['a.snapshot']);
  const missing = await dsm('snapshot', 'status', join(directory, 'missing'));
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('ENOENT')]);
});

it('save leaves an old file alone where no node gives all, and asks the next node', async () => {
  const cluster = await clusterForTest({ slaves: 0, backups: 0 });
  const { url } = await cluster.active();
  await put(url, 'a', 'x'.repeat(100_000));
  const [file, liar] = [join(temporary(), 'a.snapshot'), await halfOf(url, cluster.secret)];
  writeFileSync(file, 'what was there');
  const failed = await save(cluster, file, 'http://127.0.0.1:1', liar);
  expect([failed.code, failed.stderr]).toEqual([3, expect.stringContaining('before it was whole')]);
  expect(readFileSync(file, 'utf8')).toBe('what was there');
  const both = ['--masters', `${liar},${url}`, '--consistency', 'stale'];
  const saved = await dsm('snapshot', 'save', file, ...both, ...secretOf(cluster));
  expect([saved.code, saved.stderr]).toEqual([0, '']);
  expect(JSON.parse((await dsm('snapshot', 'status', file, '--json')).stdout).keys).toBe(1);
  const words = ['snapshot', 'save', file, '--masters', url];
  expect(await dsm(...words)).toMatchObject({ code: 2 });
});

/** Serves the first half of a snapshot of `url` as if it were all. */
async function halfOf(url: string, secret: string): Promise<string> {
  const real = await fetch(`${url}/v1/admin/snapshot`, { headers: { 'dsm-secret': secret } });
  const bytes = new Uint8Array(await real.arrayBuffer());
  const server = createServer((_, answer) => {
    answer.setHeader('dsm-node', 'liar');
    answer.end(bytes.subarray(0, bytes.length >> 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return `http://127.0.0.1:${address.port}`;
}

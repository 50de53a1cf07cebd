import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { put } from './call.ts';
import { startDsm } from './dsm.ts';
import { sharedCluster } from './fixture.ts';
import { until } from './until.ts';

/** `dsm` as people and scripts use it, against real nodes. */
const cluster = sharedCluster({ slaves: 1 });

const start = ([verb = '', ...words]: readonly string[]) =>
  startDsm([verb, '--masters', cluster().masterUrls.join(','), ...words]);

async function dsm(line: string, stdin = '') {
  const running = start(line.split(' '));
  running.process.stdin?.end(stdin);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

const ok = (stdout: string) => ({ code: 0, stdout, stderr: '' });

describe('dsm', () => {
  it('get and put are read and write; a key can be given a lifetime', async () => {
    expect(await dsm('put cl/greeting hello world --ttl 1000')).toMatchObject({ code: 0 });
    expect(await dsm('get cl/greeting')).toEqual(ok('hello world'));
    expect(await dsm('get cl/nothing')).toEqual({ code: 1, stdout: '', stderr: 'NOT_FOUND\n' });
    expect(await dsm('put cl/greeting x --ttl soon')).toMatchObject({ code: 2 });
  });

  it('list prints keys in order, or entries as JSON', async () => {
    const { url } = await cluster().active();
    for (const key of ['ls/b', 'ls/a', 'ls/new\nline']) await put(url, key, `value of ${key}`);
    expect(await dsm('list ls/')).toEqual(ok('ls/a\nls/b\n"ls/new\\nline"\n'));
    expect(await dsm('ls ls/ --reverse --limit 1')).toEqual(ok('"ls/new\\nline"\n'));
    expect(await dsm('list --start ls/b --end ls/c')).toEqual(ok('ls/b\n'));
    const { stdout } = await dsm('list ls/a --json');
    expect(JSON.parse(stdout)).toMatchObject({ key: 'ls/a', value: 'value of ls/a' });
    expect(await dsm('list nothing/')).toEqual(ok(''));
  });

  it('watch prints what is there and each change, and ends after so many', async () => {
    const { url } = await cluster().active();
    await put(url, 'wt/a', 'one');
    const watching = start(['watch', 'wt/', '--count', '3']);
    await until('the watch is synced', () => /^synced \d+$/m.test(watching.stdout()));
    await put(url, 'wt/b', 'two\nlines');
    await put(url, 'other', 'x');
    expect(await dsm('delete wt/a')).toMatchObject({ code: 0 });
    expect(await watching.ended).toBe(0);
    const lines = watching.stdout().replaceAll(/\d+/g, 'N');
    expect(lines).toBe('put N wt/a "one"\nsynced N\nput N wt/b "two\\nlines"\ndelete N wt/a\n');
    expect(await dsm('watch wt/ --key wt/a')).toMatchObject({ code: 2 });
  });

  it('watch --json goes on behind a revision', async () => {
    const { url } = await cluster().active();
    const first = await put(url, 'wj', 'one');
    const from = first.headers.get('etag')?.replaceAll('"', '');
    await put(url, 'wj', 'two');
    const { stdout } = await dsm(`watch --key wj --from ${from} --count 1 --json`);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'put', key: 'wj', value: 'two' });
  });

  it('incr prints the new number', async () => {
    expect(await dsm('incr cl/n')).toEqual(ok('1\n'));
    expect(await dsm('incr cl/n 41')).toEqual(ok('42\n'));
    const { stdout } = await dsm('incr cl/n --json');
    expect(JSON.parse(stdout)).toMatchObject({ key: 'cl/n', number: 43, created: false });
    expect(await dsm('incr cl/n many')).toMatchObject({ code: 2 });
    await dsm('put cl/word hello');
    const { code, stderr } = await dsm('incr cl/word');
    expect([code, stderr]).toEqual([1, expect.stringContaining('not a whole number')]);
  });

  it('txn does all or nothing, and says by its exit code which', async () => {
    const operations = [
      { op: 'put', key: 'tx/a', value: 'aGk=', encoding: 'base64', contentType: 'a/b' },
      { op: 'get', key: 'tx/none' },
    ];
    const json = JSON.stringify({ if: [{ key: 'tx/a', exists: false }], then: operations });
    const done = await dsm('txn --json', json);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({
      ok: true,
      results: [{ key: 'tx/a', status: 'created' }, { status: 'not-found' }],
    });
    expect(await dsm('get tx/a')).toEqual(ok('hi'));
    const again = await dsm('txn --json', json);
    expect([again.code, JSON.parse(again.stdout)]).toMatchObject([1, { ok: false, results: [] }]);
    const wrong = await dsm('txn', '{"then":[{"op":"fly","key":"k"}]}');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('then[0]')]);
    const faults = [
      ['txn', 'no JSON', 'not valid JSON|JSON Parse error'],
      ['txn', '{"then":5}', 'then'],
      ['txn', '{"then":[{"op":"put","key":"k","value":"%","encoding":"base64"}]}', 'not base64'],
      ['txn /no/such/file', '', 'ENOENT.*/no/such/file'],
    ] as const;
    for (const [words, stdin, reason] of faults) {
      const { code, stderr } = await dsm(words, stdin);
      expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
    }
  });

  it('lock runs a command with a fencing token, and ends as it ends', async () => {
    const print = ['sh', '-c', 'echo "token $DSM_LOCK_TOKEN"; exit 7'];
    const first = start(['lock', 'lk', '--', ...print]);
    expect(await first.ended).toBe(7);
    const second = start(['lock', 'lk', '--', ...print]);
    expect(await second.ended).toBe(7);
    const [before, after] = [first, second].map((ran) => Number(/\d+/.exec(ran.stdout())?.[0]));
    expect(after).toBeGreaterThan(before ?? Infinity);
    const none = start(['lock', 'lk', '--', '/no/such/command']);
    expect(await none.ended).toBe(127);
    expect(none.stderr()).toContain('/no/such/command cannot be run');
    expect(await start(['lock', 'lk', '--', '/']).ended).toBe(126);
    // The lock of one that could not be run is free at once.
    expect(await start(['lock', 'lk', '--wait-ms', '0', '--', 'true']).ended).toBe(0);
  });

  it('lock waits, or does not, while another one holds it; SIGTERM releases it', async () => {
    const holder = start(['lock', 'lw', '--', 'sh', '-c', 'echo held; exec sleep 600']);
    await until('the lock is held', () => holder.stdout() === 'held\n');
    const refused = start(['lock', 'lw', '--wait-ms', '0', '--', 'echo', 'ran']);
    expect([await refused.ended, refused.stdout()]).toEqual([1, '']);
    const waiter = start(['lock', 'lw', '--', 'echo', 'ran']);
    holder.process.kill('SIGTERM');
    expect(await holder.ended).toBe(143);
    expect([await waiter.ended, waiter.stdout()]).toEqual([0, 'ran\n']);
  });

  it('export prints what import stores again', async () => {
    const { url } = await cluster().active();
    await put(url, 'ex/text', 'hällo', { 'content-type': 'text/plain' });
    await put(url, 'ex/bytes', new Uint8Array([0, 255]));
    const exported = await dsm('export ex/');
    expect(exported.stdout.split('\n')).toHaveLength(3);
    await dsm('delete ex/text');
    await dsm('delete ex/bytes');
    expect(await dsm('import', exported.stdout)).toEqual(ok('OK stored 2, skipped 0, failed 0\n'));
    expect(await dsm('export ex/')).toEqual(exported);
    const twice = await dsm('import --if-absent --json', exported.stdout);
    const none = { stored: 0, skipped: 2, failed: 0, leftOut: 0, expired: 0 };
    expect(JSON.parse(twice.stdout)).toEqual(none);
  });

  it('import takes many entries, and those of etcdctl', async () => {
    const lines = Array.from({ length: 450 }, (_, i) => `{"key":"im/${i}","value":"${i}"}\n`);
    const stored = await dsm('import', `${lines.join('')}\n`);
    expect(stored).toEqual(ok('OK stored 450, skipped 0, failed 0\n'));
    expect(await dsm('get im/449')).toEqual(ok('449'));
    const kvs = [{ key: 'ZXQvYQ==', value: 'aGk=', mod_revision: 2 }, { key: 'ZXQvYg==' }];
    expect(await dsm('import', JSON.stringify({ header: {}, kvs }))).toMatchObject({ code: 0 });
    expect(await dsm('get et/a')).toEqual(ok('hi'));
    expect(await dsm('get et/b')).toEqual(ok(''));
  });

  it('import takes what Redis and etcd wrote, and names what it leaves out', async () => {
    const fileOf = (name: string) =>
      fileURLToPath(new URL(`../cli/import/testing/${name}`, import.meta.url));
    const dump = await dsm(`import --json ${fileOf('redis-7.rdb')}`);
    // One of them lives until 2100, which is too long, and says so.
    const counts = { stored: 8, skipped: 0, failed: 1, leftOut: 11, expired: 1 };
    expect([dump.code, JSON.parse(dump.stdout)]).toEqual([1, counts]);
    expect(dump.stderr).toMatch(/^dsm import: left out: sorted sets \(2: "\w+", "\w+"\)$/m);
    expect(dump.stderr).toMatch(/^dsm import: "session": .*ttl/m);
    expect(await dsm('get grüße')).toEqual(ok('höflich'));
    const log = await dsm(`import ${fileOf('redis-7.aof')}`);
    expect([log.code, log.stdout]).toEqual([1, expect.stringContaining('left out 12')]);
    expect(await dsm('get plain')).toEqual(ok('hello world!'));
    const etcd = await dsm(`import --format json ${fileOf('etcd-3.ndjson')}`);
    expect([etcd.code, etcd.stderr]).toEqual([1, expect.stringContaining('with a lease')]);
    expect(await dsm('get config/a')).toEqual(ok('one'));
    const line = 'SET from-a-pipe "two words" EX 1000';
    expect(await dsm('import --format redis-commands', line)).toMatchObject({ code: 0 });
    expect(await dsm('get from-a-pipe')).toEqual(ok('two words'));
  });

  it('import stores nothing of a dump that is damaged', async () => {
    const file = fileURLToPath(new URL('../cli/import/testing/redis-7.rdb', import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), 'dsm-import-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const damaged = join(folder, 'dump.rdb');
    const bytes = readFileSync(file);
    // A letter of "hello world".
    writeFileSync(damaged, bytes.with(bytes.indexOf('hello world'), 74));
    await dsm('delete plain');
    const { code, stdout, stderr } = await dsm(`import ${damaged}`);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('checksum')]);
    expect(await dsm('get plain')).toMatchObject({ code: 1 });
  });

  it('import stores all but the entries that are refused', async () => {
    const keys = ['im2/a', 'x'.repeat(1100), 'im2/b'];
    const lines = keys.map((key) => `${JSON.stringify({ key, value: 'v' })}\n`).join('');
    const { code, stdout, stderr } = await dsm('import', lines);
    expect([code, stdout]).toEqual([1, 'OK stored 2, skipped 0, failed 1\n']);
    expect(stderr).toContain('"xxx');
    expect(await dsm('get im2/b')).toEqual(ok('v'));
  });

  it('import says which line is none, and which entry was refused', async () => {
    const { code, stderr } = await dsm('import', '{"key":"im/ok","value":"1"}\n{"key":5}\n');
    expect([code, stderr]).toEqual([2, expect.stringContaining('line 2 is no entry')]);
    expect(await dsm('import', 'hello')).toMatchObject({ code: 2 });
    const faults = [
      ['{"key":"im/no","value":"%%%","encoding":"base64"}', 'line 1 is no entry: .*base64'],
      ['\n{"kvs":[{"key":"aW0=","value":"?"}]}', 'line 2 is no entry: .*base64'],
    ] as const;
    for (const [line, reason] of faults) {
      const refused = await dsm('import', line);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(reason)]);
    }
    expect(await dsm('get im/no')).toMatchObject({ code: 1 });
    const absent = await dsm('import /no/such/file');
    expect([absent.code, absent.stderr]).toEqual([2, expect.stringContaining('/no/such/file')]);
  });

  it('says its version', async () => {
    const file = new URL('../../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(file, 'utf8'));
    const running = startDsm(['--version']);
    expect([await running.ended, running.stdout()]).toEqual([0, `${version}\n`]);
  });

  it.each(['bash', 'zsh', 'fish'])('completion %s knows every verb', async (shell) => {
    const running = startDsm(['completion', shell]);
    expect(await running.ended).toBe(0);
    const script = running.stdout();
    for (const word of ['watch', 'put', 'import', 'idempotency-key']) {
      expect(script).toContain(word);
    }
    if (shell !== 'bash') return;
    const test = `${script}\nCOMP_WORDS=(dsm w); COMP_CWORD=1; _dsm; echo "\${COMPREPLY[*]}"`;
    const { stdout } = spawnSync('bash', ['-c', test], { encoding: 'utf8' });
    expect(stdout.trim()).toBe('write watch');
  });
});

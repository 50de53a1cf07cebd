import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DsmError } from '../../core/errors.ts';
import { Durations } from '../../node/durations.ts';
import { Scrape } from '../testing/scrape.ts';
import { type Setup, setUp } from '../testing/set-up.ts';
import { Exposition } from './exposition.ts';

async function scrape({ app }: Setup): Promise<Scrape> {
  return new Scrape(await (await app.request('/metrics')).text());
}

describe('the text format', () => {
  test('is read back as it was written, whatever stands in labels', () => {
    const anything = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(anything, fc.double({ noNaN: true }), (label, value) => {
        const out = new Exposition();
        out.gauge('dsm_a', 'one \\ line\nand another', [{ labels: { label, b: 'c' }, value }]);
        const read = new Scrape(String(out));
        expect(read.family('dsm_a')?.type).toBe('GAUGE');
        const [metric] = read.family('dsm_a')?.metrics ?? [];
        expect(metric?.labels).toEqual({ label, b: 'c' });
        const text = String(value).replace(/^Inf/, '+Inf').replace('inity', '');
        expect(String(out)).toContain(` ${text}\n`);
      }),
    );
  });

  test('has the classes of durations one within the other, in seconds', () => {
    const durations = new Durations();
    for (const ms of [0.25, 2, 2, 9999]) durations.note(ms);
    const out = new Exposition();
    out.durations('dsm_a_seconds', 'help', durations.view());
    const [metric] = new Scrape(String(out)).family('dsm_a_seconds')?.metrics ?? [];
    expect(metric).toMatchObject({ count: '4', sum: '10.00325' });
    const {
      '0.0001': none,
      '0.00025': first,
      '0.0025': third,
      '+Inf': all,
    } = metric?.buckets ?? {};
    expect([none, first, third, all]).toEqual(['0', '1', '3', '4']);
  });

  test('leaves out a family without samples: what does not apply is not zero', () => {
    const out = new Exposition();
    out.gauge('dsm_a', 'help', []);
    expect(String(out)).toBe('');
  });
});

describe('/metrics', () => {
  test('says what the status says', async () => {
    const stage = setUp();
    stage.node.put('a', 'x');
    const answer = await stage.app.request('/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const read = new Scrape(await answer.text());
    const { nodeId: node, role, url } = stage.node.status();
    expect(read.value('dsm_node_info', { node, role, url })).toBe(1);
    expect(read.value('dsm_node_state', { state: 'active' })).toBe(1);
    expect(read.value('dsm_node_state', { state: 'standby' })).toBe(0);
    expect(read.value('dsm_lease_remaining_seconds')).toBe(0.9);
    for (const name of ['last', 'durable', 'committed', 'applied']) {
      expect(read.value(`dsm_${name}_lsn`)).toBe(1);
    }
    expect([read.value('dsm_epoch'), read.value('dsm_keys')]).toEqual([3, 1]);
    expect([read.value('dsm_ready'), read.value('dsm_has_master')]).toEqual([1, 1]);
  });

  test('says nothing of a lease, a disk, or a process where there is none', async () => {
    const stage = setUp();
    stage.node.standBy(null);
    stage.node.checksFound = [{ name: 'master', ok: false, detail: 'none' }];
    const read = await scrape(stage);
    expect([read.value('dsm_ready'), read.value('dsm_has_master')]).toEqual([0, 0]);
    const names = ['dsm_lease_remaining_seconds', 'dsm_log_bytes', 'process_cpu_seconds_total'];
    for (const name of names) expect(read.family(name)).toBeUndefined();
  });

  test('says how long what waits, what the disk holds, and what the process costs', async () => {
    const processFacts = () => ({
      ...{ startedAtMs: 1500, cpuSeconds: 2, residentBytes: 3, heapBytes: 4 },
    });
    const stage = setUp({ processFacts });
    const syncs = new Durations().view();
    stage.node.disk = {
      ...{ logBytes: 8, segmentCount: 9, snapshotsSaved: 10, snapshotAgeMs: 11_000, syncs },
    };
    const read = await scrape(stage);
    const said = Object.fromEntries(
      read.families.map(({ name }) => [name.replace('dsm_', ''), read.value(name)]),
    );
    expect(said).toMatchObject({
      ...{ queued_writes: 1, queued_write_bytes: 2, open_writes: 3, waiting_reads: 4 },
      ...{ waiting_locks: 5, held_calls: 6, watches: 7, log_bytes: 8, log_segments: 9 },
      ...{ snapshots_total: 10, snapshot_age_seconds: 11, process_start_time_seconds: 1.5 },
      ...{ process_cpu_seconds_total: 2, process_resident_memory_bytes: 3, process_heap_bytes: 4 },
    });
  });

  test('counts every call once, by its class and its end', async () => {
    const stage = setUp();
    const { app, node } = stage;
    await app.request('/v1/kv/a', { method: 'PUT', body: 'x' });
    await app.request('/v1/kv/b%20c', { method: 'PUT', body: 'x' });
    for (const key of ['a', 'a', 'missing']) await app.request(`/v1/kv/${key}`);
    await app.request('/v1/kv?prefix=a');
    await app.request('/readyz');
    await app.request('/livez');
    await app.request('/elsewhere', { method: 'PATCH' });
    node.writeError = new DsmError('no_quorum');
    await app.request('/v1/kv/a', { method: 'DELETE' });
    const read = await scrape(stage);
    const counted = read
      .family('dsm_http_requests_total')
      ?.metrics.map(
        ({ labels: { route, method, code } = {}, value }) => `${route} ${method} ${code}: ${value}`,
      );
    expect(counted?.toSorted()).toEqual([
      'key DELETE 503: 1',
      'key GET 200: 2',
      'key GET 404: 1',
      'key PUT 201: 2',
      'list GET 200: 1',
      'livez GET 200: 1',
      'other other 404: 1',
      'readyz GET 200: 1',
    ]);
    expect((await scrape(stage)).value('dsm_http_requests_total', { route: 'metrics' })).toBe(1);
  });

  test('has no sample twice, a help for each family, and names as Prometheus wants them', async () => {
    const stage = setUp();
    for (const path of ['/log', '/snapshot', '/peer/x', '/livez', '/readyz', '/x', '/y']) {
      await stage.app.request(path);
    }
    const text = await (await stage.app.request('/metrics')).text();
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const names = samples.map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(new Set(names).size).toBe(names.length);
    for (const { name, help, type } of new Scrape(text).families) {
      expect(help).not.toBe('');
      expect(name.endsWith('_total')).toBe(type === 'COUNTER');
      expect(name).toMatch(/^(?:dsm|process)_[a-z_]+$/);
    }
  });
});

import { expect, it } from 'vitest';
import { Scrape } from '../http/testing/scrape.ts';
import { call } from './call.ts';
import { sharedCluster, steadyMaster } from './fixture.ts';

const cluster = sharedCluster({ slaves: 2, flags: steadyMaster });

it('every node says in /metrics what it says in /v1/status', async () => {
  const { url } = await cluster().active();
  for (let count = 0; count < 20; count += 1) {
    await call(`${url}/v1/kv/metrics-${count}`, { method: 'PUT', body: 'x' });
  }
  const statuses = await cluster().settled();
  for (const status of statuses) {
    const scrape = new Scrape((await call(`${status.url}/metrics`)).text);
    const { nodeId: node, role, state } = status;
    expect(scrape.value('dsm_node_info', { node, role })).toBe(1);
    expect(scrape.value('dsm_node_state', { state })).toBe(1);
    expect(scrape.value('dsm_applied_lsn')).toBe(status.appliedLsn);
    expect(scrape.value('dsm_committed_lsn')).toBe(status.committedLsn);
    expect(scrape.value('dsm_epoch')).toBe(status.epoch);
    expect(scrape.value('dsm_keys')).toBe(status.keys);
    expect(scrape.value('dsm_voters')).toBe(status.voters);
    expect(scrape.value('dsm_ready')).toBe(1);
    expect(scrape.value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(scrape.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(scrape.value('process_start_time_seconds') * 1000).toBeLessThan(Date.now());
    const isMaster = role === 'master';
    expect(scrape.value('dsm_log_segments') >= 1).toBe(isMaster);
    expect(scrape.family('dsm_log_sync_seconds') !== undefined).toBe(isMaster);
    if (state !== 'active') continue;
    const puts = { route: 'key', method: 'PUT', code: '201' };
    expect(scrape.value('dsm_http_requests_total', puts)).toBe(20);
    expect(scrape.value('dsm_writes_total')).toBe(status.counters.writes);
    expect(scrape.family('dsm_member_acked_lsn')?.metrics.length).toBe(statuses.length);
    const [commits] = scrape.family('dsm_commit_seconds')?.metrics ?? [];
    expect(Number(commits?.count)).toBeGreaterThanOrEqual(20);
    expect(Number(commits?.sum)).toBeGreaterThan(0);
  }
});

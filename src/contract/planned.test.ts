import { expect, it } from 'vitest';
import { runtimeNames } from '../cli/up/runtimes.ts';
import type { RuntimeName } from '../runtime/serve.ts';
import { call } from './call.ts';
import { clusterForTest } from './fixture.ts';
import { expectProved, loadForTest, tell } from './load-fixture.ts';
import { contractRuntime } from './runtimes.ts';

it('handoff: the mastership goes to the backup and back, and no client hears of it', async () => {
  const cluster = await clusterForTest();
  const load = await loadForTest(cluster);
  for (let round = 0; round < 2; round += 1) {
    const from = await cluster.active();
    const epoch = (await from.status())?.epoch ?? 0;
    const startMs = performance.now();
    const headers = { 'dsm-secret': cluster.secret };
    const answer = await call(`${from.url}/v1/admin/handoff`, { method: 'POST', headers });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('handedOff')]);
    const first = await load.firstAfterEpoch(epoch);
    tell(`first acknowledged write ${(first.atMs - startMs).toFixed(0)} ms after the handoff`);
    const to = await cluster.active(from);
    expect([to.url, null]).toContain(JSON.parse(answer.text).master);
    await cluster.ready();
    expect((await from.status())?.state).toBe('standby');
    await load.untilAcknowledged(50);
  }
  await expectProved(load);
});

/** In a mixed cluster every node goes on with another runtime on the same data. */
function successorOf(runtime: RuntimeName): RuntimeName {
  if (contractRuntime() !== 'mixed') return runtime;
  const index = runtimeNames.indexOf(runtime);
  return runtimeNames[(index + 1) % runtimeNames.length] ?? runtime;
}

it('rolling restart: every node is stopped and started, one after the other', async () => {
  const cluster = await clusterForTest();
  const load = await loadForTest(cluster);
  for (const node of [...cluster.slaves, ...cluster.masters.toReversed()]) {
    expect(await node.stop()).toBe('ended with exit code 0');
    await load.untilAcknowledged(50);
    node.start(successorOf(node.runtime));
    await cluster.ready();
  }
  await load.untilAcknowledged(50);
  await expectProved(load);
});

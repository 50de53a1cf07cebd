/**
 * Load on a fresh cluster, and in the middle of it the active master is killed, or hands over. The
 * clients know every master and go on with the next one when theirs is gone.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { headerNames } from '../../src/http/headers.ts';
import { catchUp, preload } from '../cell.ts';
import { driveInChild } from '../drivers/child.ts';
import type { LoadEvent, LoadPlan } from '../measure/plan.ts';
import type { CellConfig } from '../results/schema.ts';
import { type DsmTarget, startDsm } from '../targets/dsm.ts';
import { readStatus } from '../targets/status.ts';
import type { Target, TargetNode } from '../targets/target.ts';
import { recovery, type ScenarioName, type Timeline } from './timeline.ts';

const sampleMs = 100;
const drainMs = 5_000;
/** Longer than a takeover, so that waiting is seen as latency and not as an error. */
const timeoutMs = 5_000;
const handoffMs = 10_000;

export interface ScenarioOrder {
  readonly scenario: ScenarioName;
  readonly repeat: number;
  readonly config: CellConfig;
  /** From the start of the measured window to the event. */
  readonly eventAfterS: number;
}

async function act(scenario: ScenarioName, master: TargetNode, secretFile: string): Promise<void> {
  if (scenario === 'kill') {
    process.kill(master.pid!, 'SIGKILL');
    return;
  }
  const secret = (await readFile(secretFile, 'utf8')).trim();
  const answer = await fetch(`${master.url}/v1/admin/handoff`, {
    method: 'POST',
    headers: { [headerNames.secret]: secret },
    signal: AbortSignal.timeout(handoffMs),
  });
  if (!answer.ok) throw new Error(`the handoff was answered ${answer.status}`);
}

function planOf({ config }: ScenarioOrder, masters: readonly TargetNode[]): LoadPlan {
  return {
    dialect: 'dsm',
    targets: masters.map(({ url }) => url),
    workload: config.workload,
    clients: config.clients,
    rateRps: config.rateRps,
    warmupMs: config.warmupS * 1000,
    measureMs: config.measureS * 1000,
    drainMs,
    sampleMs,
    timeoutMs,
    roam: true,
    abortErrorShare: 1,
  };
}

/** Drives the load and lets the event happen; returns when it was, since the first request. */
async function loadThrough(
  order: ScenarioOrder,
  { secretFile }: DsmTarget,
  masters: readonly TargetNode[],
  stop: AbortSignal,
) {
  let startMs = 0;
  let eventMs = 0;
  let acted: Promise<void> = Promise.resolve();
  const onEvent = (event: LoadEvent) => {
    if (event.type !== 'phase') return;
    if (event.phase === 'warmup') startMs = performance.now();
    if (event.phase !== 'measure') return;
    acted = sleep(order.eventAfterS * 1000).then(() => {
      eventMs = performance.now() - startMs;
      return act(order.scenario, masters[0]!, secretFile);
    });
    acted.catch(() => {});
  };
  const measurement = await driveInChild('native')(planOf(order, masters), onEvent, stop);
  if (!stop.aborted) await acted;
  return { measurement, eventMs };
}

async function hasNewMaster(target: Target, old: TargetNode, epoch: number): Promise<boolean> {
  const statuses = await Promise.all(
    target.nodes
      .filter((node) => node !== old && node.role !== 'slave')
      .map(({ url }) => readStatus(url).catch(() => null)),
  );
  return statuses.some((status) => status?.state === 'active' && status.epoch > epoch);
}

export async function runScenario(
  order: ScenarioOrder,
  dataRoot: string,
  stop: AbortSignal,
): Promise<Timeline> {
  const { scenario, repeat, config } = order;
  const target = await startDsm(config, dataRoot, stop);
  try {
    await preload(target, config);
    await catchUp(target);
    const masters = target.nodes.filter(({ role }) => role !== 'slave');
    const [active] = masters;
    if (active?.pid == null || masters.length < 2)
      throw new Error('there is no standby to take over');
    const { epoch } = await readStatus(active.url);
    const { measurement, eventMs } = await loadThrough(order, target, masters, stop);
    return {
      scenario,
      repeat,
      runtime: config.runtime,
      clients: config.clients,
      slaves: config.slaves,
      thinkMs: config.workload.thinkMs,
      eventMs,
      ...recovery(measurement.samples, eventMs),
      newMaster: await hasNewMaster(target, active, epoch),
      measurement,
    };
  } finally {
    await target.stop();
  }
}

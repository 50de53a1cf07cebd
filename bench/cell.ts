/**
 * Measures one cell on a target that runs: preload, wait until every node has it, load, and hold
 * the servers' own counters, processes and health against what the driver says.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createDialect } from './drivers/dialects.ts';
import { processCpuUs, processRssBytes, watchHost } from './host.ts';
import type { Driver, LoadEvent, LoadPlan } from './measure/plan.ts';
import type { Cell, CellConfig, NodeLoad } from './results/schema.ts';
import { schemaVersion } from './results/schema.ts';
import { type Counters, countersOf, growth, readStatus, type Status } from './targets/status.ts';
import type { Target } from './targets/target.ts';
import { keyName } from './workload/keys.ts';
import { streamSeed } from './workload/random.ts';
import { encodeValue } from './workload/value.ts';

const preloadTogether = 16;
const catchUpMs = 10_000;
const catchUpPollMs = 20;
const drainMs = 2_000;
const timeoutMs = 5_000;
const abortErrorShare = 0.05;

export interface CellOrder {
  readonly runId: string;
  readonly key: string;
  readonly repeat: number;
  readonly config: CellConfig;
}

/** Writes every key once as writer 0. Rejects at the first write that is not acknowledged. */
export async function preload(target: Target, config: CellConfig): Promise<void> {
  const { keyCount, valueBytes } = config.workload;
  const dialect = createDialect(target.dialect, valueBytes);
  const entry = target.entries[0]!;
  let next = 0;
  const worker = async () => {
    while (next < keyCount) {
      const index = next;
      next += 1;
      const key = keyName(index);
      const value = encodeValue({ key, writer: 0, sequence: index }, valueBytes);
      const { method, path, headers, body } = dialect.write(key, value);
      const answer = await fetch(entry + path, { method, headers: { ...headers }, body });
      const { cause, fault } = dialect.judge('write', key, answer.status, await answer.text());
      if (cause !== null) throw new Error(`the preload of ${key} failed: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: preloadTogether }, worker));
}

/** null for a node that does not answer, and for each node of a target without a status. */
async function readAll(target: Target): Promise<(Status | null)[]> {
  return Promise.all(
    target.nodes.map(({ url }) => (target.hasStatus ? readStatus(url).catch(() => null) : null)),
  );
}

/** Resolves with '' when every node has applied what the first has committed, else why not. */
export async function catchUp(target: Target): Promise<string> {
  const deadlineMs = performance.now() + catchUpMs;
  for (;;) {
    const statuses = await readAll(target);
    const committed = statuses[0]?.committedLsn ?? 0;
    const behind = statuses.filter((status) => status === null || status.appliedLsn < committed);
    if (!target.hasStatus || behind.length === 0) return '';
    if (performance.now() > deadlineMs) {
      return `${behind.length} nodes do not answer or have not applied record ${committed}`;
    }
    await sleep(catchUpPollMs);
  }
}

/** What must not change while a cell is measured. */
function healthFaults(target: Target, before: (Status | null)[], after: (Status | null)[]) {
  const faults: string[] = [];
  for (const [index, node] of target.nodes.entries()) {
    const [was, is] = [before[index], after[index]];
    const name = `${node.role} ${node.nodeId}`;
    if (node.pid !== null && processCpuUs(node.pid) === null) faults.push(`${name} has ended`);
    if (was != null && is == null) faults.push(`${name} does not answer`);
    if (was == null || is == null) continue;
    for (const fact of ['nodeId', 'role', 'state', 'epoch'] as const) {
      if (was[fact] !== is[fact]) faults.push(`${name}: ${fact} ${was[fact]} is now ${is[fact]}`);
    }
  }
  return faults;
}

const nothing: Counters = { reads: null, writes: null, appends: null };

function nodeLoads(target: Target, grown: Counters[], cpuUs: (number | null)[]): NodeLoad[] {
  return target.nodes.map(({ nodeId, role, pid }, index) => ({
    nodeId,
    role,
    pid,
    ...(grown[index] ?? nothing),
    cpuUs: cpuUs[index] ?? null,
    rssBytes: pid === null ? null : processRssBytes(pid),
  }));
}

function total(grown: readonly Counters[], name: 'reads' | 'writes'): number | null {
  const known = grown.map((counters) => counters[name]).filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function planOf(target: Target, { config, repeat }: CellOrder): LoadPlan {
  const { workload } = config;
  return {
    dialect: target.dialect,
    targets: target.entries,
    workload: { ...workload, seed: streamSeed(workload.seed, repeat) },
    clients: config.clients,
    rateRps: config.rateRps,
    warmupMs: config.warmupS * 1000,
    measureMs: config.measureS * 1000,
    drainMs,
    sampleMs: 1000,
    timeoutMs,
    roam: false,
    abortErrorShare,
  };
}

/** CPU of each node between the two ends of the measured window. */
function watchProcesses(target: Target) {
  const read = () => target.nodes.map(({ pid }) => (pid === null ? null : processCpuUs(pid)));
  let start = read();
  let end = start;
  return {
    onEvent(event: LoadEvent): void {
      if (event.type !== 'phase') return;
      if (event.phase === 'measure') start = read();
      if (event.phase === 'drain') end = read();
    },
    used: () => end.map((us, index) => (us === null ? null : us - (start[index] ?? us))),
  };
}

interface Accounts {
  readonly served: Cell['served'];
  readonly health: Cell['health'];
  readonly grown: Counters[];
}

/** What the servers say after the run, against what they said before it. */
async function account(target: Target, before: (Status | null)[]): Promise<Accounts> {
  const late = await catchUp(target);
  const after = await readAll(target);
  const grown = before.map((was, index) => {
    const is = after[index];
    return was == null || is == null ? nothing : growth(countersOf(was), countersOf(is));
  });
  const faults = healthFaults(target, before, after);
  if (late !== '') faults.push(late);
  return {
    grown,
    served: { reads: total(grown, 'reads'), writes: total(grown, 'writes') },
    health: { checked: target.hasStatus || target.nodes.length > 1, faults },
  };
}

/** A cell without a verdict: the gates judge it in sight of its whole run. */
export async function measureCell(
  order: CellOrder,
  target: Target,
  drive: Driver,
  onEvent: (event: LoadEvent) => void,
  stop: AbortSignal,
): Promise<Cell> {
  const readHost = watchHost();
  await preload(target, order.config);
  const late = await catchUp(target);
  if (late !== '') throw new Error(`the preload did not reach every node: ${late}`);
  const before = await readAll(target);
  const startedAt = new Date().toISOString();
  const processes = watchProcesses(target);
  const onBoth = (event: LoadEvent) => {
    processes.onEvent(event);
    onEvent(event);
  };
  const measurement = await drive(planOf(target, order), onBoth, stop);
  const { grown, served, health } = await account(target, before);
  const { promises, verifiable, linearizable } = target;
  return {
    schemaVersion,
    ...order,
    startedAt,
    ...{ promises, verifiable, linearizable, measurement, served, health },
    nodes: nodeLoads(target, grown, processes.used()),
    host: readHost(),
    ...{ findings: [], valid: false, noisy: false },
  };
}

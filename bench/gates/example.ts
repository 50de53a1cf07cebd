/** A cell that passes every gate, for tests to spoil in one place each. */
import { noCauses } from '../measure/causes.ts';
import type { Cell, LatencySummary } from '../results/schema.ts';
import { parseWorkload } from '../workload/config.ts';

function latency(count: number): LatencySummary {
  return {
    count,
    avgUs: 500,
    stddevUs: 100,
    minUs: 200,
    p50Us: 480,
    p90Us: 700,
    p99Us: 900,
    p999Us: 1500,
    maxUs: 2000,
  };
}

const reads = 14_000;
const writes = 6_000;
const total = reads + writes;
/** 2 s of 10 clients that wait 0.5 ms and rest 0.5 ms. */
const halfOfTheTimeUs = 0.5 * 10 * 2 * 1e6;

function sample(index: number): Cell['measurement']['samples'][number] {
  return {
    index,
    phase: index === 0 ? 'warmup' : 'measure',
    lengthS: 1,
    success: total / 2,
    readsFailed: 0,
    writesFailed: 0,
    causes: noCauses(),
    staleReads: 0,
    inflight: 5,
    read: latency(reads / 2),
    write: latency(writes / 2),
  };
}

const config = (): Cell['config'] => ({
  target: 'dsm',
  driver: 'autocannon',
  runtime: 'node',
  workload: parseWorkload({ thinkMs: '0.5' }),
  clients: 10,
  slaves: 2,
  backups: 1,
  rateRps: null,
  warmupS: 1,
  measureS: 2,
  readFrom: 'master',
  attach: 'master',
});

const window = (): Cell['measurement']['window'] => ({
  success: total,
  causes: noCauses(),
  staleReads: 0,
  verifiedReads: reads,
  read: latency(reads),
  write: latency(writes),
  all: latency(total),
  histograms: null,
  latencySumUs: halfOfTheTimeUs,
  thinkSumUs: halfOfTheTimeUs,
  attemptedReads: reads,
  attemptedWrites: writes,
  keyCounts: new Array<number>(1000).fill(total / 1000),
});

const measurement = (): Cell['measurement'] => ({
  measuredS: 2.001,
  wallS: 2.002,
  window: window(),
  whole: {
    sent: total * 1.5,
    readsOk: reads * 1.5,
    writesOk: writes * 1.5,
    readsFailed: 0,
    writesFailed: 0,
    inflightAtEnd: 0,
  },
  samples: [sample(0), sample(1), sample(2)],
  generator: { cpuPct: 40, eventLoopUtilization: 0.4, loopDelayP99Ms: 2 },
  open: null,
  aborted: '',
  faults: [],
});

export function exampleCell(): Cell {
  return {
    schemaVersion: 1,
    runId: 'example',
    key: 'dsm-c10-s2',
    repeat: 0,
    startedAt: '2026-01-01T00:00:00.000Z',
    config: config(),
    promises: {
      replication: 'majority',
      durableOnAck: 'yes',
      readConsistency: 'linearizable',
      protocol: 'HTTP/1.1',
    },
    verifiable: true,
    linearizable: true,
    measurement: measurement(),
    nodes: [],
    served: { reads: reads * 1.5, writes: writes * 1.5 },
    health: { faults: [], checked: true },
    host: { psiCpuAvg10Before: 0, psiCpuAvg10After: 1, stealPct: 0, loadAverage: 1 },
    findings: [],
    valid: false,
    noisy: false,
  };
}

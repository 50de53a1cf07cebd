/** Turns the end-of-test summary of k6 into the measurement that every driver hands back. */
import { noCauses } from '../../bench/measure/causes.ts';
import type {
  CauseCounts,
  LatencySummary,
  Measurement,
  Sample,
} from '../../bench/results/schema.ts';
import { causes } from '../../bench/workload/dialect.ts';
import type { Settings } from './settings.ts';

type Values = Readonly<Record<string, number | undefined>>;

export interface SummaryData {
  readonly metrics: Readonly<Record<string, { readonly values: Values } | undefined>>;
  readonly state: { readonly testRunDurationMs: number };
}

const microseconds = (ms: number | undefined): number | null =>
  ms === undefined ? null : Math.round(ms * 1000);

class Reader {
  readonly #data: SummaryData;

  constructor(data: SummaryData) {
    this.#data = data;
  }

  values(metric: string, tags = ''): Values {
    return this.#data.metrics[tags === '' ? metric : `${metric}{${tags}}`]?.values ?? {};
  }

  count(metric: string, tags = ''): number {
    return this.values(metric, tags).count ?? 0;
  }

  /** Sum of a trend, µs. */
  sumUs(metric: string, tags: string): number {
    const { avg = 0, count = 0 } = this.values(metric, tags);
    return Math.round(avg * count * 1000);
  }

  latency(metric: string, tags: string): LatencySummary {
    const values = this.values(metric, tags);
    const count = values.count ?? 0;
    const at = (name: string) => (count === 0 ? null : microseconds(values[name]));
    return {
      count,
      avgUs: at('avg'),
      stddevUs: null,
      minUs: at('min'),
      p50Us: at('med'),
      p90Us: at('p(90)'),
      p99Us: at('p(99)'),
      p999Us: at('p(99.9)'),
      maxUs: at('max'),
    };
  }

  causes(): CauseCounts {
    const counts = noCauses();
    for (const cause of causes) {
      counts[cause] = this.count('kv_failed', `phase:measure,cause:${cause}`);
    }
    return counts;
  }
}

/** k6 counts causes for the window as a whole, so those of one second stay uncounted. */
function sampleOf(reader: Reader, second: number, lengthS: number): Sample {
  const read = reader.latency('kv_read', `second:${second}`);
  const write = reader.latency('kv_write', `second:${second}`);
  return {
    index: second,
    phase: 'measure',
    lengthS,
    success: read.count + write.count,
    readsFailed: reader.count('kv_failed', `second:${second},op:read`),
    writesFailed: reader.count('kv_failed', `second:${second},op:write`),
    causes: null,
    staleReads: null,
    inflight: null,
    read,
    write,
  };
}

function samplesOf(reader: Reader, measureS: number): Sample[] {
  return Array.from({ length: Math.ceil(measureS) }, (_, second) =>
    sampleOf(reader, second, Math.min(1, measureS - second)),
  );
}

function windowOf(reader: Reader): Measurement['window'] {
  const measure = 'phase:measure';
  const read = reader.latency('kv_read', measure);
  const write = reader.latency('kv_write', measure);
  return {
    success: read.count + write.count,
    causes: reader.causes(),
    staleReads: reader.count('kv_stale', measure),
    verifiedReads: reader.count('kv_verified', measure),
    read,
    write,
    all: reader.latency('kv_success', measure),
    histograms: null,
    latencySumUs: reader.sumUs('kv_wait', measure),
    thinkSumUs: reader.sumUs('kv_think', measure),
    attemptedReads: read.count + reader.count('kv_failed', `${measure},op:read`),
    attemptedWrites: write.count + reader.count('kv_failed', `${measure},op:write`),
    keyCounts: null,
  };
}

/** Iterations end before k6 does, so nothing may be under way at the end. */
export function measurementOf(data: SummaryData, settings: Settings, isOpen: boolean): Measurement {
  const reader = new Reader(data);
  const ranS = data.state.testRunDurationMs / 1000;
  const askedS = settings.warmupS + settings.measureS;
  return {
    measuredS: settings.measureS,
    wallS: settings.measureS,
    window: windowOf(reader),
    whole: {
      sent: reader.count('kv_sent'),
      readsOk: reader.count('kv_read'),
      writesOk: reader.count('kv_write'),
      readsFailed: reader.count('kv_failed', 'op:read'),
      writesFailed: reader.count('kv_failed', 'op:write'),
      inflightAtEnd: 0,
    },
    samples: samplesOf(reader, settings.measureS),
    generator: { cpuPct: null, eventLoopUtilization: null, loopDelayP99Ms: null },
    open: isOpen
      ? {
          offeredRps: settings.rateRps,
          dropped: reader.count('dropped_iterations'),
          lagP50Us: null,
          lagP99Us: null,
        }
      : null,
    aborted: ranS < askedS - 0.05 ? `k6 ended after ${ranS.toFixed(1)} of ${askedS} s` : '',
    faults: [],
  };
}

/**
 * The gates that tag a cell without making it invalid: they depend on what else the machine does
 * (noise), or on where the numbers come from (mark). They never change the exit code.
 */
import type { Cell, CellConfig } from '../results/schema.ts';
import { fail, fixed, type Gate, pass, passIf, percent, skip } from './gate.ts';
import { mean, slope, variation } from './statistics.ts';

const generatorCpuPctMax = 80;
const utilizationMax = 0.8;
const loopDelayMsMax = 5;
const ceilingShareMax = 0.7;
const achievedMin = 0.99;
const lagMsMax = 1;
const drift = 0.05;
const stealPctMax = 5;
const variationMax = 0.1;
const driversTolerance = 0.15;
const repeatsMin = 3;

const throughput = (cell: Cell): number =>
  cell.measurement.window.success / Math.max(cell.measurement.measuredS, 1e-9);

/** Everything that makes two cells comparable, without `skipped`. */
function sameConfig(a: CellConfig, b: CellConfig, ...skipped: (keyof CellConfig)[]): boolean {
  const key = (config: CellConfig) =>
    JSON.stringify(
      Object.entries(config).filter(([name]) => !skipped.some((other) => other === name)),
    );
  return key(a) === key(b);
}

/** Throughput of the no-op server under the same load, or null where none was run. */
function ceilingOf(cell: Cell, cells: readonly Cell[]): number | null {
  const peers = cells.filter(
    ({ config }) =>
      config.target === 'noop' &&
      config.clients === cell.config.clients &&
      config.runtime === cell.config.runtime &&
      config.workload.thinkMs === cell.config.workload.thinkMs,
  );
  return peers.length === 0 || cell.config.target === 'noop' ? null : mean(peers.map(throughput));
}

export const generatorNotTheLimit: Gate = {
  id: 7,
  name: 'generator not the limit',
  weight: 'noise',
  judge(cell, { cells }) {
    const { cpuPct, eventLoopUtilization, loopDelayP99Ms } = cell.measurement.generator;
    const faults: string[] = [];
    if (cpuPct !== null && cpuPct >= generatorCpuPctMax) faults.push(`CPU ${fixed(cpuPct)} %`);
    // An open run waits by turning the event loop, so only a closed one is idle when it is idle.
    const closed = cell.config.rateRps === null;
    if (closed && (eventLoopUtilization ?? 0) >= utilizationMax) {
      faults.push(`event loop ${percent(eventLoopUtilization ?? 0)} busy`);
    }
    if ((loopDelayP99Ms ?? 0) >= loopDelayMsMax) {
      faults.push(`event loop late by ${fixed(loopDelayP99Ms ?? 0)} ms`);
    }
    // With think time the clients are the limit by design, of every server alike.
    const ceiling = cell.config.workload.thinkMs === 0 ? ceilingOf(cell, cells) : null;
    if (ceiling !== null && throughput(cell) > ceilingShareMax * ceiling) {
      faults.push(`${percent(throughput(cell) / ceiling)} of the no-op server`);
    }
    return passIf(faults.length === 0, faults.join(', ') || `CPU ${fixed(cpuPct ?? 0)} %`);
  },
};

export const offeredIsAchieved: Gate = {
  id: 8,
  name: 'offered = achieved',
  weight: 'noise',
  judge(cell) {
    const { open, window, measuredS } = cell.measurement;
    if (open === null) return skip('no open run');
    const achieved = (window.attemptedReads + window.attemptedWrites) / measuredS / open.offeredRps;
    const lagMs = (open.lagP99Us ?? 0) / 1000;
    const lagBound = Math.max(lagMsMax, ((window.all.p50Us ?? 0) / 1000) * 0.1);
    return passIf(
      achieved >= achievedMin && open.dropped === 0 && lagMs < lagBound,
      `${percent(achieved)} achieved, ${open.dropped} dropped, schedule late by ${fixed(lagMs)} ms`,
    );
  },
};

export const steadyState: Gate = {
  id: 10,
  name: 'steady state',
  weight: 'noise',
  judge(cell) {
    const rates = cell.measurement.samples
      .filter(({ phase }) => phase === 'measure')
      .map(({ success, lengthS }) => success / lengthS);
    if (rates.length < 2) return skip('a window of one sample');
    if (rates.includes(0)) return fail('a sample without a success');
    const average = mean(rates);
    const trend = (slope(rates) * (rates.length - 1)) / average;
    const middle = Math.ceil(rates.length / 2);
    const halves = mean(rates.slice(0, middle)) / mean(rates.slice(-middle)) - 1;
    // A virtual machine whose host is busy: its speed changes from one second to the next.
    const stealPct = cell.host.stealPct ?? 0;
    return passIf(
      Math.abs(trend) < drift && Math.abs(halves) < drift && stealPct < stealPctMax,
      `trend ${percent(trend)}, halves differ by ${percent(Math.abs(halves))}, ` +
        `${fixed(stealPct)} % of the CPU time went to other machines`,
    );
  },
};

export const repeatsAgree: Gate = {
  id: 13,
  name: 'repeats agree',
  weight: 'noise',
  judge(cell, { cells }) {
    const same = cells
      .filter((other) => sameConfig(other.config, cell.config))
      .sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    if (same.length < repeatsMin) return skip(`${same.length} of ${repeatsMin} repeats`);
    const rates = same.map(throughput);
    const spread = variation(rates);
    return passIf(spread <= variationMax, `coefficient of variation ${percent(spread)}`);
  },
};

export const driversAgree: Gate = {
  id: 15,
  name: 'drivers agree',
  weight: 'noise',
  judge(cell, { cells }) {
    const others = cells.filter(
      ({ config }) =>
        config.driver !== cell.config.driver && sameConfig(config, cell.config, 'driver'),
    );
    if (others.length === 0) return skip('no other driver ran this cell');
    const ratio = throughput(cell) / mean(others.map(throughput));
    const detail = `${fixed(ratio, 2)} × ${[...new Set(others.map((o) => o.config.driver))]}`;
    return passIf(Math.abs(ratio - 1) <= driversTolerance, detail);
  },
};

export const provenance: Gate = {
  id: 16,
  name: 'provenance',
  weight: 'mark',
  judge(_cell, { dirty, hosts }) {
    if (dirty) return fail('not for publication: the tree had uncommitted changes');
    if (hosts.length > 1) return fail('not for publication: cells of several machines are mixed');
    return pass('one commit, one machine');
  },
};

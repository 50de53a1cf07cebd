/**
 * The gates that make a cell invalid: each catches a way in which a number would not mean what it
 * says (bench.md §6.1).
 */
import { littlesN } from '../results/rows.ts';
import type { Cell, LatencySummary } from '../results/schema.ts';
import { expectedWriteShare } from '../workload/config.ts';
import { causes } from '../workload/dialect.ts';
import { keyShares } from '../workload/keys.ts';
import { fail, fixed, type Gate, pass, passIf, percent, skip } from './gate.ts';
import { chiSquareScore } from './statistics.ts';

const errorShareMax = 0.001;
const littleTolerance = 0.05;
const mixSigmas = 4;
/**
 * p ≈ 10⁻⁶ instead of the usual 10⁻³: a full grid asks 180 times, and a hard gate must not be red
 * by chance. A broken generator is beyond it by orders of magnitude.
 */
const keySigmas = 4.75;
/** Every key is hit for certain (miss: e⁻²⁰ each) only from so many operations per key. */
const operationsPerKeyMin = 20;
const windowTolerance = 0.01;
/** A timer on a busy machine is late by milliseconds, whatever the length of the window. */
const windowSlackS = 0.1;
const clockSlackS = 0.05;

const attempted = (cell: Cell): number =>
  cell.measurement.window.attemptedReads + cell.measurement.window.attemptedWrites;

export const errorRate: Gate = {
  id: 1,
  name: 'error rate',
  weight: 'hard',
  judge(cell) {
    const { window, aborted, faults } = cell.measurement;
    const total = attempted(cell);
    if (aborted !== '') return fail(`the driver stopped early: ${aborted}; ${faults[0] ?? ''}`);
    if (total === 0) return fail('nothing was answered in the window');
    const share = (total - window.success) / total;
    const listed = causes
      .filter((cause) => window.causes[cause] > 0)
      .map((cause) => `${cause} ${window.causes[cause]}`);
    return passIf(share <= errorShareMax, `${percent(share)} ${listed.join(', ')}`.trim());
  },
};

export const goodput: Gate = {
  id: 2,
  name: 'goodput only',
  weight: 'hard',
  judge(cell) {
    const { window } = cell.measurement;
    if (window.causes.bad_body > 0) {
      return fail(`${window.causes.bad_body} answers had a good status and no answer in the body`);
    }
    const checked = window.read.count + window.write.count;
    return passIf(
      window.success === checked && window.success <= attempted(cell),
      `${window.success} successes, ${checked} of them checked and timed`,
    );
  },
};

export const readVerification: Gate = {
  id: 3,
  name: 'read verification',
  weight: 'hard',
  judge(cell) {
    const { window } = cell.measurement;
    if (!cell.verifiable) return skip('the target returns no values');
    if (window.causes.wrong_value > 0) {
      return fail(`${window.causes.wrong_value} wrong values; ${cell.measurement.faults[0] ?? ''}`);
    }
    if (window.verifiedReads !== window.read.count) {
      return fail(`only ${window.verifiedReads} of ${window.read.count} reads were verified`);
    }
    const detail = `${window.verifiedReads} reads verified, ${window.staleReads} stale`;
    return passIf(window.staleReads === 0 || !cell.linearizable, detail);
  },
};

export const conservation: Gate = {
  id: 4,
  name: 'conservation',
  weight: 'hard',
  judge(cell) {
    const { sent, readsOk, writesOk, readsFailed, writesFailed, inflightAtEnd } =
      cell.measurement.whole;
    const lost = sent - readsOk - writesOk - readsFailed - writesFailed - inflightAtEnd;
    return passIf(lost === 0, `${sent} sent, ${lost} without a trace`);
  },
};

export const serverAgrees: Gate = {
  id: 5,
  name: 'server agrees',
  weight: 'hard',
  judge(cell) {
    const { reads, writes } = cell.served;
    if (reads === null || writes === null) return skip('the target counts nothing');
    const { whole } = cell.measurement;
    // A request that failed, or was never answered, may or may not have reached the server.
    const within = (served: number, ok: number, failed: number) =>
      served >= ok && served <= ok + failed + whole.inflightAtEnd;
    return passIf(
      within(reads, whole.readsOk, whole.readsFailed) &&
        within(writes, whole.writesOk, whole.writesFailed),
      `reads ${reads} served, ${whole.readsOk} received; ` +
        `writes ${writes} served, ${whole.writesOk} received`,
    );
  },
};

export const littlesLaw: Gate = {
  id: 6,
  name: "Little's law",
  weight: 'hard',
  judge(cell) {
    const found = littlesN(cell);
    if (cell.config.rateRps !== null || found === null) return skip('no closed loop');
    const { clients, workload } = cell.config;
    const thinkMs = cell.measurement.window.thinkSumUs / 1000 / Math.max(1, attempted(cell));
    if (thinkMs < workload.thinkMs * 0.99) {
      return fail(`clients rested ${fixed(thinkMs)} ms instead of ${workload.thinkMs} ms`);
    }
    // An operation counts where it ends, with all of its time: at the two edges of the window the
    // sum can be off by one cycle of each client, which matters after a stall in a short window.
    const cycleS = ((cell.measurement.window.all.maxUs ?? 0) / 1000 + thinkMs) / 1000;
    const tolerance = littleTolerance + cycleS / cell.measurement.measuredS;
    const detail = `X·(R+Z) = ${fixed(found, 2)} for ${clients} clients, ± ${percent(tolerance)}`;
    return passIf(Math.abs(found - clients) / clients <= tolerance, detail);
  },
};

export const mixAndKeys: Gate = {
  id: 9,
  name: 'mix and keys',
  weight: 'hard',
  judge(cell) {
    const { workload } = cell.config;
    const { attemptedWrites, keyCounts } = cell.measurement.window;
    const total = attempted(cell);
    if (total === 0) return fail('nothing was asked');
    const asked = expectedWriteShare(workload);
    const share = attemptedWrites / total;
    const sigma = Math.sqrt((asked * (1 - asked)) / total);
    const detail = `${percent(share)} writes, ${percent(asked)} asked`;
    if (Math.abs(share - asked) > mixSigmas * sigma) return fail(detail);
    const shares = keyShares(workload.keys, workload.keyCount);
    if (keyCounts === null || shares === null) return pass(`${detail}; keys not counted`);
    const score = chiSquareScore(keyCounts, shares);
    if (score > keySigmas) return fail(`${detail}; keys ${fixed(score)} σ off`);
    const missed = keyCounts.filter((count) => count === 0).length;
    const mustHitAll =
      workload.keys.kind === 'uniform' && total >= operationsPerKeyMin * workload.keyCount;
    return passIf(
      missed === 0 || !mustHitAll,
      `${detail}; keys ${fixed(score)} σ, ${missed} missed`,
    );
  },
};

/** Why a summary cannot be of real latencies; '' where it can. */
function latencyFault(name: string, { count, ...latency }: LatencySummary): string {
  const { minUs, p50Us, p99Us, p999Us, maxUs, avgUs } = latency;
  if (count === 0) return '';
  const ladder = [minUs, p50Us, p99Us, p999Us, maxUs];
  if (ladder.includes(null) || avgUs === null) return `${name}: not measured`;
  if (minUs! < 1) return `${name}: ${minUs} µs is no latency`;
  for (let step = 1; step < ladder.length; step += 1) {
    if (ladder[step]! < ladder[step - 1]!) return `${name}: percentiles out of order`;
  }
  return avgUs < minUs! || avgUs > maxUs! ? `${name}: the mean is outside of min…max` : '';
}

export const latencySane: Gate = {
  id: 11,
  name: 'latency sane',
  weight: 'hard',
  judge(cell) {
    const { read, write, all, success } = cell.measurement.window;
    const faults = [latencyFault('read', read), latencyFault('write', write)];
    if (all.count !== success) faults.push(`${all.count} latencies of ${success} successes`);
    const found = faults.filter((fault) => fault !== '');
    return passIf(found.length === 0, found.join('; ') || 'ordered, none of 0 µs');
  },
};

export const time: Gate = {
  id: 12,
  name: 'time',
  weight: 'hard',
  judge(cell) {
    const { measuredS, wallS } = cell.measurement;
    const asked = cell.config.measureS;
    const slack = Math.max(asked * windowTolerance, windowSlackS);
    return passIf(
      Math.abs(measuredS - asked) <= slack && Math.abs(wallS - measuredS) < clockSlackS,
      `${fixed(measuredS, 3)} s of ${asked} s, by the wall clock ${fixed(wallS, 3)} s`,
    );
  },
};

export const clusterHealth: Gate = {
  id: 14,
  name: 'cluster health',
  weight: 'hard',
  judge(cell) {
    if (!cell.health.checked) return skip('one process without a cluster');
    return passIf(cell.health.faults.length === 0, cell.health.faults.join('; ') || 'unchanged');
  },
};

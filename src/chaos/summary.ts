/** What a run has shown, in figures. */
import { type Judgement, objectionsTo } from '../contract/load.ts';
import { percentile } from '../contract/percentile.ts';
import type { Verdict } from '../verify/history.ts';
import type { FaultReport } from './nemesis.ts';
import type { TaskReport } from './tasks/tasks.ts';

export interface Times {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Summary {
  readonly seconds: number;
  /** Calls of all clients. */
  readonly operations: number;
  /** Of these, calls of the clients with tasks. */
  readonly taskCalls: number;
  readonly acknowledged: number;
  /** Calls that may or may not have been applied. */
  readonly unknown: number;
  /** How many faults of each kind there were. */
  readonly faults: Readonly<Record<string, number>>;
  /** Acknowledged writes that were looked for at the end, and those that were not there. */
  readonly looked: number;
  readonly lost: number;
  readonly stale: number;
  /** What the clients with tasks saw that cannot be: wrong sums, broken transactions and so on. */
  readonly broken: number;
  readonly verdict: Verdict;
  readonly verdicts: Readonly<Record<'versions' | 'zones' | 'search', Verdict>>;
  readonly differingStates: number;
  /** Nodes that ended although nothing was done to them. */
  readonly fallen: number;
  /** From the loss of the active master to the first acknowledged write. */
  readonly takeoverMs: Times | null;
  /** The same for all faults, by kind. */
  readonly recoveryMs: Readonly<Record<string, Times>>;
  /** Share of the time outside of recoveries in which writes were acknowledged. */
  readonly availability: number;
  /** What is wrong, in words; empty where nothing is. */
  readonly objections: readonly string[];
}

export interface Evidence {
  readonly reports: readonly FaultReport[];
  readonly judgement: Judgement;
  readonly tasks: TaskReport;
  readonly acknowledgedMs: readonly number[];
  readonly fallen: readonly string[];
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Rules of the checkers that a read of something old breaks. */
const staleRules = new Set([
  'stale-read',
  'non-monotonic-read',
  'node-behind',
  'overlapping-values',
]);

const shownObjections = 10;

export function summarize(evidence: Evidence): Summary {
  const { reports, judgement, tasks, fallen, startedMs, endedMs } = evidence;
  const { history, result, looked, lost, differing, acknowledged } = judgement;
  const { versions, zones, search, verdict, violations } = result;
  const takeovers = reports.filter(({ isTakeover }) => isTakeover);
  const byKind = Map.groupBy(reports, ({ kind }) => kind);
  return {
    seconds: (endedMs - startedMs) / 1000,
    operations: history.length + tasks.calls,
    taskCalls: tasks.calls,
    acknowledged,
    unknown: history.filter(({ outcome }) => outcome === 'unknown').length,
    faults: Object.fromEntries([...byKind].map(([kind, some]) => [kind, some.length])),
    looked,
    lost: lost.length,
    stale: violations.filter(({ rule }) => staleRules.has(rule)).length,
    broken: tasks.faults.length,
    verdict,
    verdicts: { versions, zones, search: search.verdict },
    differingStates: differing.length,
    fallen: fallen.length,
    takeoverMs: takeovers.length === 0 ? null : timesOf(takeovers),
    recoveryMs: Object.fromEntries([...byKind].map(([kind, some]) => [kind, timesOf(some)])),
    availability: availabilityOf(evidence),
    objections: objectionsIn(judgement, tasks, fallen),
  };
}

function timesOf(reports: readonly FaultReport[]): Times {
  const timesMs = reports.map(({ recoveryMs }) => recoveryMs);
  const ms = (share: number) => Math.round(percentile(timesMs, share));
  return { count: timesMs.length, p50: ms(0.5), p99: ms(0.99), max: ms(1) };
}

function objectionsIn(
  { history, result, lost, differing }: Judgement,
  { faults }: TaskReport,
  fallen: readonly string[],
): string[] {
  const about = result.verdict === 'linearizable' ? null : objectionsTo(history, result);
  return [
    ...lost.slice(0, shownObjections).map((text) => `an acknowledged write is lost: ${text}`),
    ...(about === null ? [] : [about]),
    ...faults.slice(0, shownObjections).map((text) => `a promise is broken: ${text}`),
    ...differing.map((text) => `nodes differ after the same records: ${text}`),
    ...fallen.slice(0, shownObjections).map((text) => `a node ended by itself:\n${text}`),
  ];
}

/** Long enough for many writes, on a busy machine too. */
const slotMs = 500;

/** Of the slots of time that no fault's way to its recovery touches: those with a write. */
function availabilityOf({ reports, acknowledgedMs, startedMs, endedMs }: Evidence): number {
  const slotOf = (atMs: number) => Math.floor((atMs - startedMs) / slotMs);
  const written = new Set(acknowledgedMs.map(slotOf));
  const excused = new Set<number>();
  for (const { beganMs, recoveredMs } of reports) {
    for (let slot = slotOf(beganMs); slot <= slotOf(recoveredMs); slot += 1) excused.add(slot);
  }
  let counted = 0;
  let served = 0;
  for (let slot = 0; slot < slotOf(endedMs); slot += 1) {
    if (excused.has(slot)) continue;
    counted += 1;
    if (written.has(slot)) served += 1;
  }
  return counted === 0 ? 1 : served / counted;
}

/** No acknowledged write lost, nothing stale, everything decided: what no run may miss. */
export function isSafe({ objections }: Summary): boolean {
  return objections.length === 0;
}

/** What many runs came to, for the summary that `npm run sim` prints. */
import type { ProfileName } from './profiles.ts';
import type { RunReport } from './run-seed.ts';

export class Sweep {
  readonly failed: number[] = [];
  readonly #profile: ProfileName;
  readonly #from: number;
  readonly #startedMs = performance.now();
  readonly #startedCpu = process.cpuUsage();
  readonly #faults = new Map<string, number>();
  #seeds = 0;
  #simulatedMs = 0;
  #events = 0;
  #operations = 0;
  #answers = 0;

  constructor(profile: ProfileName, from: number) {
    this.#profile = profile;
    this.#from = from;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  add(report: RunReport): void {
    this.#seeds += 1;
    this.#simulatedMs += report.simulatedMs;
    this.#events += report.events;
    this.#operations += report.operations;
    this.#answers += report.answers;
    if (report.failure !== null) this.failed.push(report.seed);
    for (const [kind, count] of Object.entries(report.faults)) {
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
    }
  }

  summary() {
    const { user, system } = process.cpuUsage(this.#startedCpu);
    const cpuSeconds = (user + system) / 1e6;
    const simulatedSeconds = this.#simulatedMs / 1000;
    const faults = [...this.#faults].sort(([, a], [, b]) => b - a);
    return {
      profile: this.#profile,
      seeds: this.#seeds,
      from: this.#from,
      failed: this.failed,
      simulatedHours: round(simulatedSeconds / 3600),
      operations: this.#operations,
      answersCompared: this.#answers,
      events: this.#events,
      faultsInjected: faults.reduce((sum, [, count]) => sum + count, 0),
      faults: Object.fromEntries(faults),
      seconds: round(this.elapsedMs / 1000),
      simulatedSecondsPerSecond: Math.round(simulatedSeconds / (this.elapsedMs / 1000)),
      simulatedSecondsPerCpuSecond: Math.round(simulatedSeconds / cpuSeconds),
    };
  }
}

function round(value: number): number {
  return Number(value.toFixed(3));
}

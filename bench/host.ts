/** What the machine does beside the benchmark, and what each process costs. From /proc; Linux. */
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** USER_HZ; 100 on every Linux that Node supports. */
const ticksPerSecond = 100;
const pageBytes = 4096;

function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return null;
  }
}

/** CPU time of a process with all its threads since it began, µs; null where it is gone. */
export function processCpuUs(pid: number): number | null {
  const stat = readProc(`${pid}/stat`);
  if (stat === null) return null;
  // The name may hold anything, so fields are counted after its closing parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Math.round((ticks / ticksPerSecond) * 1e6);
}

export function processRssBytes(pid: number): number | null {
  const statm = readProc(`${pid}/statm`);
  return statm === null ? null : Number(statm.split(' ')[1]) * pageBytes;
}

/** Share of the last ten seconds in which somebody waited for a CPU, in percent. */
export function psiCpuAvg10(): number | null {
  const match = /some avg10=([0-9.]+)/.exec(readProc('pressure/cpu') ?? '');
  return match === null ? null : Number(match[1]);
}

interface CpuTicks {
  readonly steal: number;
  readonly total: number;
}

function cpuTicks(): CpuTicks {
  const line = (readProc('stat') ?? '').split('\n', 1)[0] ?? '';
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return { steal: ticks[7] ?? 0, total: ticks.reduce((sum, tick) => sum + tick, 0) };
}

export interface HostWatch {
  readonly psiCpuAvg10Before: number | null;
  readonly psiCpuAvg10After: number | null;
  readonly stealPct: number | null;
  readonly loadAverage: number | null;
}

/** Call it before a cell; call the result after it. */
export function watchHost(): () => HostWatch {
  const before = cpuTicks();
  const psiBefore = psiCpuAvg10();
  return () => {
    const after = cpuTicks();
    const total = after.total - before.total;
    return {
      psiCpuAvg10Before: psiBefore,
      psiCpuAvg10After: psiCpuAvg10(),
      stealPct: total === 0 ? null : ((after.steal - before.steal) / total) * 100,
      loadAverage: loadavg()[0] ?? null,
    };
  };
}

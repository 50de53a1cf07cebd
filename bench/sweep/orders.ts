/** Which cells a run measures, in which order: shuffled passes, so that drift hits all alike. */
import type { CellOrder } from '../cell.ts';
import type { CellConfig } from '../results/schema.ts';
import { keysText } from '../workload/config.ts';
import { createRandom, shuffled, streamSeed } from '../workload/random.ts';

/** A cell's name: what distinguishes it within a run, readable and safe as a file name. */
export function cellKey(config: CellConfig): string {
  const { workload, rateRps } = config;
  const parts = [
    config.target,
    config.runtime,
    config.driver,
    `c${config.clients}`,
    `s${config.slaves}`,
    `think${workload.thinkMs}`,
  ];
  if (workload.preset !== 'mixed') parts.push(workload.preset);
  if (workload.keys.kind !== 'uniform') parts.push(keysText(workload.keys).replace(':', ''));
  if (workload.valueBytes !== 100) parts.push(`${workload.valueBytes}bytes`);
  if (rateRps !== null) parts.push(`${rateRps}rps`);
  if (config.readFrom === 'slaves') parts.push('readslaves');
  if (config.attach === 'slaves') parts.push('attached');
  return parts.join('-');
}

export interface Repeats {
  /** Passes over all cells. */
  readonly all: number;
  /** Passes over the cells of the row and the column in focus; at least `all`. */
  readonly focus: number;
  readonly focusSlaves: readonly number[];
  readonly focusClients: readonly number[];
}

/** Passes in turn; each is shuffled by the seed and its number. */
export function orderCells(
  runId: string,
  configs: readonly CellConfig[],
  repeats: Repeats,
  seed: number,
): CellOrder[] {
  const orders: CellOrder[] = [];
  for (let repeat = 0; repeat < Math.max(repeats.all, repeats.focus); repeat += 1) {
    const inPass = configs.filter(
      ({ clients, slaves }) =>
        repeat < repeats.all ||
        (repeat < repeats.focus &&
          (repeats.focusSlaves.includes(slaves) || repeats.focusClients.includes(clients))),
    );
    for (const config of shuffled(inPass, createRandom(streamSeed(seed, repeat)))) {
      orders.push({ runId, key: cellKey(config), repeat, config });
    }
  }
  return orders;
}

/** Every combination of the lists with the base. */
export function gridOf(
  base: CellConfig,
  lists: {
    readonly clients: readonly number[];
    readonly slaves: readonly number[];
    readonly thinkMs: readonly number[];
    readonly ratesRps: readonly (number | null)[];
    readonly drivers: readonly CellConfig['driver'][];
    readonly runtimes: readonly CellConfig['runtime'][];
  },
): CellConfig[] {
  const configs: CellConfig[] = [];
  for (const thinkMs of lists.thinkMs) {
    for (const slaves of lists.slaves) {
      for (const clients of lists.clients) {
        for (const rateRps of lists.ratesRps) {
          for (const driver of lists.drivers) {
            for (const runtime of lists.runtimes) {
              const workload = { ...base.workload, thinkMs };
              configs.push({ ...base, workload, slaves, clients, rateRps, driver, runtime });
            }
          }
        }
      }
    }
  }
  return configs;
}

/** Levels beyond the grid, for finding where throughput falls. */
export const beyondLevels = Object.freeze([30, 50, 75, 100, 150, 200, 300]);
const fallsMax = 3;

/** True when the last three levels were each slower than the one before them. */
export function hasFallen(rates: readonly number[]): boolean {
  if (rates.length <= fallsMax) return false;
  const last = rates.slice(-fallsMax - 1);
  return last.every((rate, index) => index === 0 || rate < last[index - 1]!);
}

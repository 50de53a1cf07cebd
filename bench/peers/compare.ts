/** What the peers say beside each other: medians over the repeats, and dsm's ratio to each. */
import { median } from '../gates/statistics.ts';
import { summaryRow } from '../results/rows.ts';
import type { Cell, Promises } from '../results/schema.ts';
import type { NativeRedis } from './redis-benchmark.ts';

export interface PeerNumbers {
  readonly rps: number;
  readonly readP50Us: number | null;
  readonly writeP50Us: number | null;
  readonly readP99Us: number | null;
  readonly writeP99Us: number | null;
  readonly cpuUsPerOp: number | null;
  readonly errorRate: number;
  readonly repeats: number;
  readonly valid: boolean;
  readonly noisy: boolean;
}

export interface PeerRow {
  readonly runtime: string;
  readonly connections: number;
  /** By target; a peer that is no JavaScript is the same under every runtime. */
  readonly peers: Readonly<Record<string, PeerNumbers>>;
  /** Throughput of dsm over that of the peer, by target; only of valid cells. */
  readonly ratios: Readonly<Record<string, number>>;
}

export interface PeersResult {
  readonly rows: readonly PeerRow[];
  readonly nativeRedis: readonly NativeRedis[];
  readonly promises: Readonly<Record<string, Promises>>;
  /** Peers that are not here, and how to get them. */
  readonly skipped: readonly string[];
}

function numbersOf(cells: readonly Cell[]): PeerNumbers {
  const valid = cells.filter((cell) => cell.valid);
  const rows = (valid.length > 0 ? valid : cells).map(summaryRow);
  const middle = (name: string): number | null => {
    const values = rows.map((row) => row[name]).filter((value) => typeof value === 'number');
    return values.length === 0 ? null : median(values);
  };
  return {
    rps: middle('throughput_rps') ?? 0,
    readP50Us: middle('read_p50_us'),
    writeP50Us: middle('write_p50_us'),
    readP99Us: middle('read_p99_us'),
    writeP99Us: middle('write_p99_us'),
    cpuUsPerOp: middle('cpu_us_per_op'),
    errorRate: middle('error_rate') ?? 1,
    repeats: rows.length,
    valid: valid.length > 0,
    noisy: cells.some(({ noisy }) => noisy),
  };
}

function ratiosOf(peers: Readonly<Record<string, PeerNumbers>>): Record<string, number> {
  const own = peers.dsm;
  if (own?.valid !== true) return {};
  const others = Object.entries(peers).filter(
    ([target, { valid, rps }]) => target !== 'dsm' && valid && rps > 0,
  );
  return Object.fromEntries(
    others.map(([target, { rps }]) => [target, Math.round((own.rps / rps) * 1000) / 1000]),
  );
}

export function comparePeers(
  cells: readonly Cell[],
  nativeRedis: readonly NativeRedis[],
  skipped: readonly string[],
): PeersResult {
  const runtimes = [...new Set(cells.map(({ config }) => config.runtime))];
  const javascript = runtimes.filter((runtime) => runtime !== 'native');
  const connections = [...new Set(cells.map(({ config }) => config.clients))];
  const rows = javascript.flatMap((runtime) =>
    connections
      .toSorted((a, b) => a - b)
      .map((count): PeerRow => {
        const here = cells.filter(
          ({ config }) => config.clients === count && [runtime, 'native'].includes(config.runtime),
        );
        const groups = Map.groupBy(here, ({ config }) => config.target);
        const peers = Object.fromEntries(
          [...groups].map(([target, group]) => [target, numbersOf(group)]),
        );
        return { runtime, connections: count, peers, ratios: ratiosOf(peers) };
      }),
  );
  const promises = Object.fromEntries(cells.map((cell) => [cell.config.target, cell.promises]));
  return { rows, nativeRedis, promises, skipped };
}

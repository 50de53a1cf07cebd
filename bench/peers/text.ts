/** The comparison for people: what each promises first, then the numbers. */
import type { PeerRow, PeersResult } from './compare.ts';

const shownFirst = ['dsm', 'noop', 'hono-map', 'etcd-3', 'etcd-1', 'webdis'];

const whole = (value: number | null): string =>
  value === null ? '–' : Math.round(value).toString();

/** Aligned columns; the first line is the header. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function promisesText({ promises }: PeersResult): string {
  const names = shownFirst.filter((target) => promises[target] !== undefined);
  return aligned([
    ['target', 'replication', 'durable on ack', 'reads', 'protocol'],
    ...names.map((target) => {
      const { replication, durableOnAck, readConsistency, protocol } = promises[target]!;
      return [target, replication, durableOnAck, readConsistency, protocol];
    }),
  ]);
}

const header =
  'runtime|conns|target|op/s|errors|read p50|p99|write p50|p99|CPU-µs/op|dsm ÷ it|'.split('|');

function lineOf({ runtime, connections, peers, ratios }: PeerRow, target: string): string[][] {
  const found = peers[target];
  if (found === undefined) return [];
  const state = found.valid ? (found.noisy ? 'noisy' : '') : 'INVALID';
  return [
    [
      ...[runtime, String(connections), target, whole(found.rps)],
      `${(found.errorRate * 100).toFixed(2)} %`,
      ...[whole(found.readP50Us), whole(found.readP99Us)],
      ...[whole(found.writeP50Us), whole(found.writeP99Us), whole(found.cpuUsPerOp)],
      ratios[target]?.toFixed(2) ?? '',
      state,
    ],
  ];
}

export function peersText(result: PeersResult): string {
  const lines = result.rows.flatMap((row) => shownFirst.flatMap((target) => lineOf(row, target)));
  const native = result.nativeRedis.map(
    ({ connections, setRps, getRps }) =>
      `redis by redis-benchmark, ${connections} connections, not verified: ` +
      `SET ${whole(setRps)}/s, GET ${whole(getRps)}/s`,
  );
  const missing = result.skipped.map((text) => `skipped: ${text}`);
  const parts = [promisesText(result), '', aligned([header, ...lines]), '', ...native, ...missing];
  return parts.join('\n').trimEnd();
}

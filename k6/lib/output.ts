/** What a run leaves behind: the same files as the bench writes, and a few lines for people. */
import { sampleRows, summaryRow } from '../../bench/results/rows.ts';
import type { Cell, Measurement } from '../../bench/results/schema.ts';
import { formatCsv, type Row } from '../../bench/results/table.ts';
import type { Settings } from './settings.ts';

/** A cell that only k6 has seen: nothing of the servers' side is known. */
function cellOf(measurement: Measurement, settings: Settings, isOpen: boolean): Cell {
  const ranMs = (settings.warmupS + settings.measureS) * 1000;
  const unknown = 'not known to k6';
  return {
    schemaVersion: 1,
    runId: 'k6',
    key: `k6-c${settings.clients}`,
    repeat: 0,
    startedAt: new Date(Date.now() - ranMs).toISOString(),
    config: {
      target: 'dsm',
      driver: 'k6',
      runtime: 'native',
      workload: settings.workload,
      clients: settings.clients,
      slaves: settings.slaves,
      backups: 0,
      rateRps: isOpen ? settings.rateRps : null,
      warmupS: settings.warmupS,
      measureS: settings.measureS,
      readFrom: 'master',
      attach: 'master',
    },
    promises: {
      replication: unknown,
      durableOnAck: unknown,
      readConsistency: unknown,
      protocol: 'HTTP/1.1',
    },
    verifiable: true,
    linearizable: true,
    measurement,
    nodes: [],
    served: { reads: null, writes: null },
    health: { faults: [], checked: false },
    host: { psiCpuAvg10Before: null, psiCpuAvg10After: null, stealPct: null, loadAverage: null },
    findings: [],
    valid: measurement.aborted === '',
    noisy: false,
  };
}

function tableFiles(folder: string, name: string, rows: readonly Row[]): Record<string, string> {
  return {
    [`${folder}/${name}.csv`]: formatCsv(rows, Object.keys(rows[0] ?? {})),
    [`${folder}/${name}.json`]: `${JSON.stringify(rows, null, 1)}\n`,
  };
}

function textOf(row: Row, measurement: Measurement): string {
  const { whole } = measurement;
  const latency = (op: string) => {
    const at = (name: string) => row[`${op}_${name}_us`] ?? '–';
    const mean = `${op.padEnd(6)} mean ${at('latency')} µs`;
    return `${mean}, p50 ${at('p50')}, p99 ${at('p99')}, max ${at('max')}`;
  };
  return [
    '',
    `${row.throughput_rps} successes/s of ${row.client_count} clients, errors ${row.error_rate}`,
    latency('read'),
    latency('write'),
    `${row.verified_reads} reads verified, ${row.stale_reads} stale; ${whole.sent} requests sent`,
    measurement.aborted,
    '',
  ].join('\n');
}

/** Files by path, as `handleSummary` returns them. */
export function outputOf(measurement: Measurement, settings: Settings, isOpen: boolean) {
  const cell = cellOf(measurement, settings, isOpen);
  const summary = summaryRow(cell);
  const files: Record<string, string> = { stdout: textOf(summary, measurement) };
  if (settings.out === '') return files;
  return {
    ...files,
    [`${settings.out}/measurement.json`]: JSON.stringify(measurement),
    ...tableFiles(settings.out, 'summary', [summary]),
    ...tableFiles(settings.out, 'per_second', sampleRows(cell)),
  };
}

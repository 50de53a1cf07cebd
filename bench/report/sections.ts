/** What the report says about a run, section by section. */
import type { Manifest } from '../results/manifest.ts';
import { summaryRow } from '../results/rows.ts';
import type { Cell } from '../results/schema.ts';
import type { Row } from '../results/table.ts';
import { type Column, definitions, escapeHtml, table } from './html.ts';

export function banner(cells: readonly Cell[], manifest: Manifest): string {
  const invalid = cells.filter(({ valid }) => !valid).length;
  const noisy = cells.filter((cell) => cell.valid && cell.noisy).length;
  const missing = manifest.cells.filter(({ state }) => state !== 'done').length;
  const facts = [
    invalid === 0
      ? `All ${cells.length} cells are valid.`
      : `${invalid} of ${cells.length} cells are INVALID.`,
    noisy > 0 ? `${noisy} are valid but noisy: the machine was busy with something else.` : '',
    missing > 0 ? `${missing} cells were asked for and not measured.` : '',
    manifest.git.dirty ? 'Not for publication: the tree had uncommitted changes.' : '',
    manifest.contributors.length > 1
      ? `Not for publication: mixed from ${manifest.contributors.join(', ')}.`
      : '',
  ];
  const kind = invalid > 0 || missing > 0 || manifest.git.dirty ? 'bad' : 'good';
  const text = escapeHtml(facts.filter(Boolean).join(' '));
  return `<p class="banner ${kind}" id="verdict">${text}</p>`;
}

export function origin({ host, git, versions, ...manifest }: Manifest): string {
  const gibibytes = Math.round(host.memoryBytes / 2 ** 30);
  return definitions({
    machine: `${host.cpu}, ${host.cores} cores, ${gibibytes} GiB, Linux ${host.kernel}`,
    'logs on': host.dataOnTmpfs ? 'memory (a sync costs nothing)' : 'disk',
    commit: `${git.commit}${git.dirty ? ' with uncommitted changes' : ''}`,
    command: `bench ${manifest.argv.join(' ')}`,
    seed: String(manifest.seed),
    measured: `${manifest.startedAt} to ${manifest.endedAt ?? 'unfinished'}`,
    versions: Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  });
}

/** Each failed gate of the given weight with the cells that it failed. */
export function failedGates(cells: readonly Cell[], weight: 'hard' | 'noise'): string {
  const items = cells.flatMap((cell) =>
    cell.findings
      .filter((finding) => finding.result === 'fail' && finding.weight === weight)
      .map((finding) => ({ cell: `${cell.key} #${cell.repeat + 1}`, ...finding })),
  );
  if (items.length === 0) return '<p>None.</p>';
  return table(items, [
    { title: 'cell', value: (item) => item.cell, isText: true },
    { title: 'gate', value: (item) => item.gate },
    { title: 'name', value: (item) => item.name, isText: true },
    { title: 'what it found', value: (item) => item.detail, isText: true },
  ]);
}

const column = (title: string, name: string): Column<Row> => ({
  title,
  value: (row) => row[name] ?? null,
});

const rate = (row: Row): string =>
  `${Number(row.throughput_rps ?? 0).toLocaleString('en', { maximumFractionDigits: 0 })} ` +
  `(${(Number(row.error_rate ?? 1) * 100).toFixed(2)} % errors)`;

export function cellTable(cells: readonly Cell[]): string {
  const columns: Column<Row>[] = [
    {
      ...column('cell', 'cell'),
      isText: true,
      text: (row) => `${row.cell} #${Number(row.repeat) + 1}`,
    },
    column('clients', 'client_count'),
    column('slaves', 'slave_count'),
    column('think, ms', 'think_ms'),
    { ...column('op/s and errors', 'throughput_rps'), text: rate },
    column('read mean, µs', 'read_latency_us'),
    column('p50', 'read_p50_us'),
    column('p99', 'read_p99_us'),
    column('p99.9', 'read_p999_us'),
    column('write mean, µs', 'write_latency_us'),
    column('p50', 'write_p50_us'),
    column('p99', 'write_p99_us'),
    column('p99.9', 'write_p999_us'),
    column('CPU-µs/op', 'cpu_us_per_op'),
    column('master', 'master_cpu_us_per_op'),
    column('slaves', 'slave_cpu_us_per_op'),
    column('RSS, MB', 'rss_mb_total'),
    column('generator CPU, %', 'gen_cpu_pct'),
  ];
  const rowClass = (row: Row) => (row.valid === true ? '' : 'invalid');
  return table(cells.map(summaryRow), columns, rowClass);
}

/** What every target of the run promises: read it before comparing numbers. */
export function promiseTable(cells: readonly Cell[]): string {
  const targets = [...new Map(cells.map((cell) => [cell.config.target, cell])).values()];
  return table(targets, [
    { title: 'target', value: ({ config }) => config.target, isText: true },
    { title: 'replication', value: ({ promises }) => promises.replication, isText: true },
    { title: 'durable on ack', value: ({ promises }) => promises.durableOnAck, isText: true },
    { title: 'reads', value: ({ promises }) => promises.readConsistency, isText: true },
    { title: 'protocol', value: ({ promises }) => promises.protocol, isText: true },
  ]);
}

export function limits({ host }: Manifest): string {
  const items = [
    `Generator, masters, backups and slaves share ${host.cores} cores of one machine and its ` +
      'loopback interface: adding slaves takes CPU from the master, so throughput over the ' +
      'number of slaves shows what replication costs, not how a cluster of machines scales. CPU ' +
      'time per operation is the number that carries over.',
    'With think time Z a closed loop of N clients cannot exceed N/Z operations per second, ' +
      'whatever the server does: those charts show latency under a given load, the ones without ' +
      'think time show capacity.',
    'A closed loop sends nothing while it waits, so a stall is seen by few requests; open runs ' +
      '(--rate) measure from the moment at which a request was due.',
    'Percentiles of one short window are one sample: the bars show how far repeats lie apart.',
    'Throughput counts verified successes only. Reads are checked against the key, the checksum ' +
      'and the writes that were acknowledged before; k6 can do the last only for each client’s ' +
      'own writes.',
  ];
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}</ul>`;
}

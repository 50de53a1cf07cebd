/** `bench doctor`: what this machine can measure, what is missing, and how busy it is. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import { findK6, k6Missing } from '../drivers/k6.ts';
import { psiCpuAvg10 } from '../host.ts';
import { collectVersions, describeHost } from '../results/manifest.ts';
import { exitCodes } from '../sweep/interrupt.ts';
import { findProgram } from '../targets/processes.ts';
import { missingFor } from '../targets/registry.ts';

/** A cell of 20 clients and 10 slaves needs a few hundred; this leaves room. */
const openFilesMin = 1024;
const busyPsi = 5;

function openFiles(): number {
  const line = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line === null ? Number.POSITIVE_INFINITY : Number(line[1]);
}

/** Sentences; those that begin with `unfit` mean that measuring here is of no use. */
export async function diagnose(): Promise<string[]> {
  const host = await describeHost(tmpdir());
  const versions = Object.entries(collectVersions()).map(([name, text]) => `${name} ${text}`);
  const missing = ['etcd-3', 'webdis', 'redis'].map(missingFor).filter((text) => text !== '');
  if (findK6() === null) missing.push(k6Missing);
  if (findProgram('chromium') === null) {
    missing.push('chromium not found: the report is not checked in a browser');
  }
  const psi = psiCpuAvg10();
  const files = openFiles();
  return [
    `machine: ${host.cpu}, ${host.cores} cores, ${Math.round(host.memoryBytes / 2 ** 30)} GiB`,
    `logs of the servers: ${host.dataOnTmpfs ? 'in memory, a sync costs nothing' : 'on disk'}`,
    `versions: ${versions.join(', ')}`,
    ...[...new Set(missing)].map((text) => `skipped: ${text}`),
    psi !== null && psi > busyPsi
      ? `busy: somebody waited for a CPU in ${psi} % of the last ten seconds; results will be noisy`
      : `quiet: CPU pressure ${psi ?? 'unknown'} %`,
    files < openFilesMin
      ? `unfit: at most ${files} open files; raise it with ulimit -n ${openFilesMin}`
      : `open files: ${files}`,
  ];
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what this machine can measure')
    .action(async () => {
      const lines = await diagnose();
      process.stdout.write(`${lines.join('\n')}\n`);
      if (lines.some((line) => line.startsWith('unfit'))) process.exitCode = exitCodes.unfit;
    });
}

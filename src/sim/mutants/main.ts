/**
 * `npm run sim:mutants`: plants each bug of the catalogue in a copy of the sources, and lets the
 * simulator look for it. Exit codes: 0 every bug was caught within its seeds; 1 one survived, or
 * does not fit the sources any more; 2 usage.
 */
import { parseArgs } from 'node:util';
import { catalogue } from './catalogue.ts';
import type { Mutant } from './mutant.ts';
import { type Report, runMutant } from './run-mutant.ts';

const usage = `npm run sim:mutants -- [--only NAME[,NAME…]] [--seeds N] [--jobs 2] [--json] [--list]
  --seeds N   run up to N seeds for each, instead of what each one states`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function fail(message: string): never {
  process.stderr.write(`${message}\n${usage}\n`);
  process.exit(2);
}

function parseCount(name: string, text: string): number {
  const count = Number(text);
  return Number.isSafeInteger(count) && count > 0
    ? count
    : fail(`--${name} must be a whole number above 0, not ${text}`);
}

function choose(only: string | undefined): readonly Mutant[] {
  if (only === undefined) return catalogue;
  return only
    .split(',')
    .map(
      (name) =>
        catalogue.find((mutant) => mutant.name === name) ?? fail(`There is no mutant ${name}`),
    );
}

/** Runs all, `jobs` at a time, and reports each as it ends. */
async function runAll(mutants: readonly Mutant[], jobs: number, seeds?: number): Promise<Report[]> {
  const reports: Report[] = [];
  const queue = [...mutants];
  const work = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const report = await runMutant(mutant, seeds);
      reports.push(report);
      if (!values.json) process.stdout.write(`${row(report)}\n`);
      if (!report.isExpected) process.stderr.write(`${complaint(mutant, report)}\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return reports;
}

function row({ name, verdict, isExpected, hunter, seeds, seedsMax, by, seconds }: Report): string {
  const mark = isExpected ? ' ' : '!';
  const found = `${seeds}/${seedsMax}`.padStart(9);
  const columns = [name.padEnd(44), verdict.padEnd(8), found, hunter.padEnd(10), by.padEnd(13)];
  return `${mark} ${columns.join('  ')}  ${seconds.toFixed(1).padStart(5)} s`;
}

function complaint({ rule, harmless }: Mutant, { name, verdict, detail }: Report): string {
  if (verdict === 'broken') return `${name} must be mended: ${detail}`;
  if (verdict === 'caught') return `${name} was held to be harmless (${harmless}): ${detail}`;
  return `${name} survived. It breaks: ${rule}`;
}

const mutants = choose(values.only);
if (values.help) {
  process.stdout.write(`${usage}\n`);
} else if (values.list) {
  for (const { name, rule } of mutants) process.stdout.write(`${name.padEnd(44)}  ${rule}\n`);
} else {
  const seeds = values.seeds === undefined ? undefined : parseCount('seeds', values.seeds);
  const reports = await runAll(mutants, parseCount('jobs', values.jobs), seeds);
  const count = (verdict: string) => reports.filter((report) => report.verdict === verdict).length;
  const unexpected = reports.filter(({ isExpected }) => !isExpected).map(({ name }) => name);
  if (values.json) process.stdout.write(`${JSON.stringify({ unexpected, reports }, null, 2)}\n`);
  else process.stdout.write(`${count('caught')} caught, ${count('survived')} survived\n`);
  process.exitCode = unexpected.length === 0 ? 0 : 1;
}

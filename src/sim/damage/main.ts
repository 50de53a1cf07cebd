/**
 * `npm run sim:damage`: every truncation and every flip of one bit of a log of 64 KiB, and of the
 * files beside it, each followed by a restart. Exit codes: 0 no wrong value was served and no synced
 * record was lost unnoticed; 1 one was, and the message says by which damage; 2 usage.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { ImageOptions } from './image.ts';
import { type DamageReport, type WayName, wayNames } from './ways.ts';
import type { Job } from './worker.ts';

const usage = `npm run sim:damage -- [--kib 64] [--every 1] [--jobs N]
  --kib N     bytes of the log, in KiB
  --every N   a sample: flips and truncations at every Nth byte only
  --jobs N    threads; as many as there are processors where nothing is said`;

const { values } = parseArgs({
  options: {
    kib: { type: 'string', default: '64' },
    every: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});

function parseCount(name: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  process.stderr.write(`--${name} must be a whole number above 0, not ${text}\n${usage}\n`);
  return process.exit(2);
}

/** Short records and long ones, in writes of a part of a sector and of several. */
const valueBytes = [20, 700, 0, 350, 1400];

/** One segment: nothing behind the damage helps, but what the segment itself says. */
function imagesOf(kib: number): Record<string, ImageOptions> {
  const log = { logBytes: kib * 1024, segmentBytesMax: 1e9, valueBytes };
  return {
    'a quiet log': log,
    'a log whose last writes the watermark does not name yet': { ...log, isFresh: true },
    'a log with zeros ahead of its end': {
      ...log,
      logBytes: log.logBytes / 4,
      logAheadBytes: 16 * 1024,
      valueBytes: [350, 700],
    },
    'a log of segments and snapshots': {
      ...log,
      segmentBytesMax: log.logBytes / 6,
      withSnapshots: true,
    },
  };
}

function run(job: Job): Promise<DamageReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: job });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** All `jobs` threads at work on one way; a sample takes the share of one thread of `every` times as many. */
async function damage(image: ImageOptions, way: WayName, every: number, jobs: number) {
  const step = way === 'flips' || way === 'truncations' ? every : 1;
  const shares = Array.from({ length: jobs }, (_, index) => ({
    every: jobs * step,
    from: index * step,
  }));
  const reports = await Promise.all(shares.map((share) => run({ image, way, share })));
  const sum = { cases: 0, refused: 0, whole: 0, cut: 0, passed: 0 };
  for (const report of reports) {
    for (const name of Object.keys(sum) as (keyof DamageReport)[]) sum[name] += report[name];
  }
  return sum;
}

async function main(): Promise<void> {
  const [every, jobs] = [parseCount('every', values.every), parseCount('jobs', values.jobs)];
  let cases = 0;
  for (const [title, image] of Object.entries(imagesOf(parseCount('kib', values.kib)))) {
    process.stdout.write(`${title}\n`);
    for (const way of wayNames) {
      const report = await damage(image, way, every, jobs);
      cases += report.cases;
      const { refused, whole, cut, passed } = report;
      const ends = `${refused} refused, ${whole} whole, ${cut} cut, ${passed} passed`;
      process.stdout.write(`  ${way.padEnd(12)} ${String(report.cases).padStart(7)}: ${ends}\n`);
    }
  }
  const { user, system } = process.cpuUsage();
  const seconds = ((user + system) / 1e6).toFixed(0);
  process.stdout.write(`${cases} restarts in ${seconds} s of the processor; all as promised\n`);
}

if (values.help) process.stdout.write(`${usage}\n`);
else await main();

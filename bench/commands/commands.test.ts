import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exampleCell } from '../gates/example.ts';
import { processCpuUs } from '../host.ts';
import { RunFolder } from '../results/folder.ts';
import { exampleManifest } from '../testing/grid.ts';
import { checkRun } from './check.ts';
import { compareRuns, verdictOf } from './compare.ts';
import { numberList, oneWord, wordList } from './lists.ts';

const mainPath = fileURLToPath(new URL('../main.ts', import.meta.url));

let path = '';
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'bench-commands-'));
});
afterEach(() => rm(path, { recursive: true }));

describe('lists on the command line', () => {
  test('may be enumerated or ranged; what is neither is refused', () => {
    expect(numberList(1, 10)('1..3,7')).toEqual([1, 2, 3, 7]);
    expect(numberList(0, 10)('0')).toEqual([0]);
    for (const text of ['', 'x', '0', '11', '3..', '1,,2']) {
      expect(() => numberList(1, 10)(text), text).toThrow();
    }
    expect(wordList(['a', 'b'])('b,a')).toEqual(['b', 'a']);
    expect(() => oneWord(['a', 'b'])('a,b')).toThrow();
  });
});

describe('check', () => {
  const store = async () => {
    const folder = new RunFolder(path);
    await folder.create();
    await folder.writeManifest(exampleManifest());
    await folder.writeCell(exampleCell());
    await folder.conclude(await folder.readManifest());
    return folder;
  };

  test('finds what was changed after the fact, in a cell or in a table', async () => {
    const folder = await store();
    expect((await checkRun(folder, false)).exitCode).toBe(0);
    const csv = join(path, 'summary.csv');
    const text = await readFile(csv, 'utf8');
    await writeFile(csv, text.replace('20000', '90000'));
    expect(await checkRun(folder, false)).toMatchObject({ exitCode: 2 });
    const cell = exampleCell();
    cell.measurement.window.causes.wrong_value = 3;
    await folder.writeCell({ ...cell, valid: true });
    const { lines, exitCode } = await checkRun(folder, false);
    expect(exitCode).toBe(2);
    expect(lines.join('\n')).toContain('3 read verification (hard): fail: 3 wrong values');
  });
});

describe('compare', () => {
  test('calls a difference only where ranges are apart', () => {
    expect(verdictOf([100, 102, 104], [103, 101, 105], true).change).toBe('same');
    expect(verdictOf([100, 102, 104], [150, 151, 152], true).change).toBe('better');
    expect(verdictOf([100, 102, 104], [150, 151, 152], false).change).toBe('worse');
    expect(verdictOf([100, 102, 170], [150, 151, 152], true).change).toBe('unclear');
    expect(verdictOf([100], [200], true).change).toBe('unclear');
  });

  test('names cells that both have', () => {
    const cell = { ...exampleCell(), valid: true };
    expect(compareRuns([cell], [cell])[0]).toContain('throughput_rps × 1.000 same');
    expect(compareRuns([cell], [{ ...cell, key: 'other' }])).toEqual([
      'no valid cell is in both runs',
    ]);
  });
});

function bench(...args: string[]) {
  const child = spawn(process.execPath, [mainPath, ...args], { stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, ended, output: () => output };
}

const small = ['sweep', '--target', 'hono-map', '--clients', '2', '--slaves', '0', '--think', '1'];

describe('the command', () => {
  test('measures, judges, draws and reports; then checks and resumes what it wrote', async () => {
    const out = join(path, 'run');
    const arguments_ = [...small, '--warmup', '0.2', '--measure', '0.6', '--out', out];
    const first = bench(...arguments_);
    expect(await first.ended, first.output()).toBe(0);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('All 1 cells are valid.');
    const again = bench(...arguments_, '--resume', '--no-plots', '--json');
    expect(await again.ended, again.output()).toBe(0);
    expect(again.output()).toContain('"exitCode":0');
    const check = bench('check', out);
    expect(await check.ended).toBe(0);
    expect(check.output()).toContain('1 cells: 1 valid');
  }, 60_000);

  test('Ctrl+C keeps what was measured and leaves no process', async () => {
    const out = join(path, 'run');
    const run = bench(...small, '--warmup', '1', '--measure', '30', '--out', out, '--no-plots');
    const children = async () =>
      (await readFile(`/proc/${run.child.pid}/task/${run.child.pid}/children`, 'utf8'))
        .trim()
        .split(' ')
        .filter((text) => text !== '')
        .map(Number);
    const deadlineMs = performance.now() + 20_000;
    while ((await children()).length < 2 && performance.now() < deadlineMs) await sleep(50);
    const processes = await children();
    expect(processes.length).toBe(2);
    run.child.kill('SIGINT');
    expect(await run.ended, run.output()).toBe(130);
    expect(run.output()).toContain('go on with: npm run bench -- sweep');
    expect(processes.map(processCpuUs)).toEqual([null, null]);
    const manifest = await new RunFolder(out).readManifest();
    expect(manifest).toMatchObject({ status: 'aborted', cells: [{ state: 'pending' }] });
  }, 60_000);

  test('failover kills and hands over, and sees the writes go on at the other master', async () => {
    const short = [
      '--repeats',
      '1',
      '--before',
      '1',
      '--after',
      '4',
      '--clients',
      '2',
      '--slaves',
      '2',
    ];
    const run = bench('failover', ...short, '--out', join(path, 'run'), '--no-plots');
    expect(await run.ended, run.output()).toBe(0);
    for (const scenario of ['kill', 'handoff']) {
      expect(run.output()).toMatch(
        new RegExp(`^${scenario} #1: first write after \\d+ ms, .*, nothing lost$`, 'm'),
      );
    }
  });

  test('a wrong option is a usage error, a folder without a run too', async () => {
    const wrong = bench('sweep', '--clients', 'many');
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toContain('It must be like 1,3,5 or 1..10');
    const empty = bench('check', path);
    expect(await empty.ended).toBe(1);
    expect(empty.output()).toContain('holds no run');
  }, 30_000);
});

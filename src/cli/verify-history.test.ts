import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDsmHistory } from '../verify/formats/dsm.ts';
import { timeline } from '../verify/testing/timeline.ts';
import { runVerifyHistory } from './verify-history.ts';

const good = formatDsmHistory(timeline('A: [put 1 @1] [get 1 @1]'));
const bad = formatDsmHistory(timeline('A: [put 1 @1] [put 2 @2] [get 1 @1]'));

const kvLine = (process: number, type: string, f: string, value: string) =>
  `{:process ${process}, :type :${type}, :f :${f}, :key "7", :value ${value}}\n`;
/** Twelve open appends, and two reads that cannot both be right. */
const hardKv =
  [...'abcdefghijkl'].map((text, at) => kvLine(at, 'invoke', 'append', `"${text}"`)).join('') +
  [...'abcdefghijkl'].map((text, at) => kvLine(at, 'ok', 'append', `"${text}"`)).join('') +
  kvLine(1, 'invoke', 'get', 'nil') +
  kvLine(1, 'ok', 'get', '"lkjihgfedcba"');

describe('dsm verify-history', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dsm-verify-'));
    writeFileSync(join(folder, 'good'), good);
    writeFileSync(join(folder, 'bad'), bad);
    writeFileSync(join(folder, 'torn'), `${good}{"process":1,`);
    writeFileSync(join(folder, 'hard.kv'), hardKv);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function run(...argv: string[]) {
    const said = { stdout: '', stderr: '' };
    const io = {
      stdout: { write: (text: string) => (said.stdout += text) },
      stderr: { write: (text: string) => (said.stderr += text) },
    };
    const files = argv.map((word) => (word.startsWith('./') ? join(folder, word) : word));
    const exitCode = await runVerifyHistory(files, io);
    return { exitCode, ...said, stdout: said.stdout.replaceAll(`${folder}/`, './') };
  }

  test('prints a verdict for each file and exits with 0 if all are linearizable', async () => {
    expect(await run('./good', './good')).toEqual({
      exitCode: 0,
      stdout: './good\tlinearizable\n./good\tlinearizable\n',
      stderr: '',
    });
  });

  test('exits with 1 if one is not, and explains it where that is asked', async () => {
    expect(await run('./bad', './good')).toEqual({
      exitCode: 1,
      stdout: './bad\tnot-linearizable\n./good\tlinearizable\n',
      stderr: '',
    });
    const { exitCode, stderr } = await run('--explain', './bad');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('stale-read (key "x"): put x="2" @2 by A');
    expect(stderr).toContain('Key "x" is not linearizable');
    expect(stderr).toContain('Then no order has a place for\n    get x="1" @1 by A');
  });

  test('a search that ends without a verdict is not passed', async () => {
    const decided = await run('--format', 'porcupine-kv', './hard.kv');
    expect(decided).toMatchObject({ exitCode: 0, stdout: './hard.kv\tlinearizable\n' });
    const budget = ['--budget-steps', '3', '--explain'];
    const { exitCode, stdout, stderr } = await run(...budget, '--format=porcupine-kv', './hard.kv');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: './hard.kv\tunknown\n' });
    expect(stderr).toMatch(/Key "7" was not decided in \d+ steps; try a larger --budget-steps/);
  });

  test('exits with 2 on a file that cannot be read, and checks the others', async () => {
    const { exitCode, stdout, stderr } = await run('./torn', './none', './bad');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: './bad\tnot-linearizable\n' });
    expect(stderr).toMatch(/^error: .*torn:4: .*JSON/);
    expect(stderr).toMatch(/\nerror: .*none: .*ENOENT/);
  });

  test.each([
    [['--format', 'xml', './good'], 'Allowed choices are dsm, jepsen-etcd, porcupine-kv'],
    [['--budget-steps', '0', './good'], 'It must be a positive integer.'],
    [['--colour', './good'], "unknown option '--colour'"],
    [[], "missing required argument 'file'"],
  ])('exits with 2 on wrong usage: %j', async (argv, message) => {
    const { exitCode, stdout, stderr } = await run(...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('explains itself', async () => {
    const { exitCode, stdout } = await run('--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('FILE<TAB>linearizable|not-linearizable|unknown');
  });
});

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { median, shareOf } from './shares.ts';
import { parseRun } from './wrk.ts';

const result = (facts: object) => {
  const none = { connect: 0, read: 0, write: 0, timeout: 0, status: 0 };
  const all = { requests: 30_000, us: 2_000_000, p99Us: 12_500, ...none, ...facts };
  return `Running 2s test @ http://127.0.0.1:1\n  64 connections\n\nRESULT ${JSON.stringify(all)}\n`;
};

describe('a run of wrk', () => {
  test('is a rate and a latency', () => {
    expect(parseRun(result({}))).toEqual({ requestsPerSecond: 15_000, p99Ms: 12.5, faults: [] });
  });

  test('with anything but answers 2xx is not sound, and says what there was', () => {
    expect(parseRun(result({ status: 3, read: 1 })).faults).toEqual(['1 read errors', '3 not 2xx']);
    expect(parseRun(result({ requests: 0 })).faults).toEqual(['no requests']);
  });

  test('that ended without its result is an error with what wrk said', () => {
    expect(() => parseRun('unable to connect to 127.0.0.1:1')).toThrow('unable to connect');
  });
});

test('the median of the shares of rounds', () => {
  const run = (requestsPerSecond: number) => ({ requestsPerSecond, p99Ms: 1, faults: [] });
  const round = (empty: number, cluster: number) =>
    shareOf({ number: 1, operation: 'GET', empty: run(empty), cluster: run(cluster) });
  expect(median([round(100, 50), round(10, 9), round(200, 20)])).toBe(0.5);
  expect(median([0.2, 0.4])).toBeCloseTo(0.3);
  expect(median([])).toBeNaN();
});

describe('npm run bench:ratio', () => {
  const program = fileURLToPath(new URL('../ratio.ts', import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', env: { PATH: '' } });

  test('tells how to get wrk where there is none', () => {
    const { status, stderr } = run();
    expect([status, stderr]).toEqual([2, expect.stringContaining('apt-get install wrk')]);
  });

  test.each([
    ['--runtime', 'ruby', 'one of node, bun, deno'],
    ['--rounds', '0', 'whole number from 1'],
    ['--seconds', 'x', 'whole number from 1'],
    ['--second', '1', '--second'],
  ])('refuses %s %s', (flag, value, text) => {
    const { status, stderr } = run(flag, value);
    expect([status, stderr]).toEqual([2, expect.stringContaining(text)]);
  });
});

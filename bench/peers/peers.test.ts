import { describe, expect, test } from 'vitest';
import { exampleCell } from '../gates/example.ts';
import type { Cell, CellConfig } from '../results/schema.ts';
import { comparePeers } from './compare.ts';
import { parseRedisCsv } from './redis-benchmark.ts';
import { peersText } from './text.ts';

function cellOf(config: Partial<CellConfig>, success: number, valid = true): Cell {
  const cell = exampleCell();
  cell.measurement.window.success = success;
  const key = `${config.target}-${config.runtime}`;
  return { ...cell, key, valid, config: { ...cell.config, ...config } };
}

const cells = [
  cellOf({ target: 'dsm', runtime: 'node' }, 4000),
  cellOf({ target: 'dsm', runtime: 'node' }, 6000),
  cellOf({ target: 'dsm', runtime: 'node' }, 5000),
  cellOf({ target: 'dsm', runtime: 'bun' }, 9000),
  cellOf({ target: 'noop', runtime: 'node' }, 10_000),
  cellOf({ target: 'etcd-3', runtime: 'native' }, 2500),
  cellOf({ target: 'webdis', runtime: 'native' }, 8000, false),
];

describe('the comparison', () => {
  const result = comparePeers(cells, [], ['etcd not found']);

  test('takes the median of repeats, and a native peer under every runtime', () => {
    const node = result.rows.find(({ runtime }) => runtime === 'node');
    expect(node?.ratios).toEqual({ noop: 0.5, 'etcd-3': 2 });
    const bun = result.rows.find(({ runtime }) => runtime === 'bun');
    expect(bun?.ratios).toEqual({ 'etcd-3': 3.6 });
  });

  test('an invalid peer has no ratio and is shown as invalid; what is missing is named', () => {
    const text = peersText(result);
    expect(text).toMatch(/webdis .*INVALID/);
    expect(text).toContain('skipped: etcd not found');
    expect(text.indexOf('replication')).toBeLessThan(text.indexOf('op/s'));
  });
});

test('the CSV of redis-benchmark is read by test, and a missing test is an error', () => {
  const header = '"test","rps","avg_latency_ms"\n';
  const text = `${header}"SET","46082.95","0.204"\n"GET","127388.53","0.050"\n`;
  expect(parseRedisCsv(text)).toEqual({ setRps: 46082.95, getRps: 127388.53 });
  expect(() => parseRedisCsv(header)).toThrow('no SET');
});

/**
 * The metrics of a run. k6 keeps a sub-metric (one phase, one second, one cause) only where a
 * threshold names it, so besides the thresholds that can fail, every sub-metric that the results
 * need has one that cannot.
 */
import { Counter, Rate, Trend } from 'k6/metrics';
import { causes } from '../../bench/workload/dialect.ts';
import type { Settings } from './settings.ts';

/** Milliseconds, of successes only. */
export const readMs = new Trend('kv_read', true);
export const writeMs = new Trend('kv_write', true);
/** Of successes, reads and writes together. */
export const successMs = new Trend('kv_success', true);
/** What clients waited, failures included, and what they did not. */
export const waitMs = new Trend('kv_wait', true);
export const thinkMs = new Trend('kv_think', true);
export const sent = new Counter('kv_sent');
export const failed = new Counter('kv_failed');
export const failRate = new Rate('kv_fail');
export const wrongValues = new Counter('kv_wrong_value');
export const verified = new Counter('kv_verified');
export const stale = new Counter('kv_stale');

/** As k6 wants them. */
export const trendStatistics = [
  'avg',
  'min',
  'med',
  'p(90)',
  'p(95)',
  'p(99)',
  'p(99.9)',
  'max',
  'count',
];

type Thresholds = Record<
  string,
  (string | { threshold: string; abortOnFail: boolean; delayAbortEval: `${number}s` })[]
>;

const always = { trend: ['max>=0'], counter: ['count>=0'] };

function keptForResults(settings: Settings): Thresholds {
  const kept: Thresholds = {};
  const keep = (metric: string, kind: keyof typeof always, tags: string) => {
    kept[`${metric}{${tags}}`] = [...always[kind]];
  };
  const trends = ['kv_read', 'kv_write', 'kv_success', 'kv_wait', 'kv_think'];
  for (const trend of trends) keep(trend, 'trend', 'phase:measure');
  for (const counter of ['kv_verified', 'kv_stale']) keep(counter, 'counter', 'phase:measure');
  for (const op of ['read', 'write']) {
    keep('kv_failed', 'counter', `op:${op}`);
    keep('kv_failed', 'counter', `phase:measure,op:${op}`);
  }
  for (const cause of causes) keep('kv_failed', 'counter', `phase:measure,cause:${cause}`);
  for (let second = 0; second < Math.ceil(settings.measureS); second += 1) {
    keep('kv_read', 'trend', `second:${second}`);
    keep('kv_write', 'trend', `second:${second}`);
    for (const op of ['read', 'write']) keep('kv_failed', 'counter', `second:${second},op:${op}`);
  }
  return kept;
}

/** Each of these fails the run (exit code 99); hopeless runs are given up. */
export function thresholds(settings: Settings, isOpen: boolean): Thresholds {
  const asserted: Thresholds = {
    'kv_fail{phase:measure}': [
      'rate<=0.001',
      { threshold: 'rate<=0.05', abortOnFail: true, delayAbortEval: '2s' },
    ],
    kv_wrong_value: ['count==0'],
    checks: ['rate==1'],
  };
  if (isOpen) asserted.dropped_iterations = ['count==0'];
  return { ...keptForResults(settings), ...asserted };
}

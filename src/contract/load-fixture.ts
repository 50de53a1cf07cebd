/** Loads for the tests of vitest: stopped whatever happens, proved where the test says so. */
import process from 'node:process';
import { expect, onTestFinished } from 'vitest';
import type { Cluster } from './cluster.ts';
import { Load, type LoadOptions } from './load.ts';

/** Fewer would prove little. */
const operationsMin = 300;

/** Clients that work until the end of the test. */
export async function loadForTest(cluster: Cluster, options: LoadOptions = {}): Promise<Load> {
  const load = new Load(cluster, options);
  onTestFinished(() => load.stop());
  await load.untilAcknowledged(100);
  return load;
}

/** Everything that was acknowledged is there, and the history is linearizable. */
export async function expectProved(load: Load): Promise<void> {
  const report = await load.prove();
  expect(report.operations).toBeGreaterThan(operationsMin);
  const { operations, acknowledged, found, unknown } = report;
  tell(`${operations} calls, ${acknowledged} acknowledged, ${unknown} unknown, ${found} found`);
}

/** A measured figure, for people: times are never asserted more narrowly than they must be. */
export function tell(text: string): void {
  const { currentTestName } = expect.getState();
  process.stdout.write(`${currentTestName}: ${text}\n`);
}

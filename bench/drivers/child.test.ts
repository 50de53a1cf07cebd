import { expect, test } from 'vitest';
import type { LoadPlan } from '../measure/plan.ts';
import { parseWorkload } from '../workload/config.ts';
import { driveInChild } from './child.ts';

const plan: LoadPlan = {
  dialect: 'dsm',
  targets: ['http://127.0.0.1:1'],
  workload: parseWorkload({ keyCount: '1', thinkMs: '10' }),
  clients: 1,
  rateRps: null,
  warmupMs: 0,
  measureMs: 1500,
  drainMs: 0,
  sampleMs: 1,
  timeoutMs: 1000,
  roam: false,
  abortErrorShare: 1,
};

test('a measurement that the channel cannot hold arrives whole, however late it is read', async () => {
  let events = 0;
  const measurement = await driveInChild('native')(
    plan,
    (event) => {
      if (event.type === 'sample') events += 1;
      if (event.type !== 'phase' || event.phase !== 'drain') return;
      // The generator ends while nobody reads.
      const endMs = performance.now() + 1500;
      while (performance.now() < endMs);
    },
    new AbortController().signal,
  );
  expect(JSON.stringify(measurement).length).toBeGreaterThan(300_000);
  expect(measurement.samples).toHaveLength(events);
  expect(measurement.window.causes.refused).toBeGreaterThan(0);
});

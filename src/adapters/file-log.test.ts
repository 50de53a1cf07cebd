import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { makeLimits } from '../core/limits.ts';
import { silentLogger } from '../ports/logger.ts';
import { SeededRandom } from '../sim/seeded-random.ts';
import { EventQueue, SimClock } from '../sim/sim-clock.ts';
import { createSimDisk } from '../sim/sim-disk.ts';
import { createFileLog } from './file-log.ts';
import { createNodeDisk } from './node-disk.ts';
import { describeStorage } from './storage-contract.ts';
import { createSystemClock } from './system-clock.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'dsm-file-log-'));
afterAll(() => fs.rmSync(root, { recursive: true }));

describeStorage('file log on a real disk', () => {
  const directory = fs.mkdtempSync(path.join(root, 'data-'));
  const clock = createSystemClock();
  const limits = makeLimits();
  return {
    open: () =>
      createFileLog({ disk: createNodeDisk(directory), limits, logger: silentLogger, clock }),
    drive() {},
  };
});

for (const segmentBytesMax of [1, 300, 100_000]) {
  describeStorage(`file log on a simulated disk, segments of ${segmentBytesMax} bytes`, () => {
    const events = new EventQueue();
    const clock = new SimClock(events);
    const disk = createSimDisk({ clock, random: new SeededRandom(1) });
    const limits = makeLimits({ segmentBytesMax });
    return {
      open: () => createFileLog({ disk, limits, logger: silentLogger, clock }),
      drive() {
        while (events.runNext(events.nowMs + 60_000)) {}
      },
    };
  });
}

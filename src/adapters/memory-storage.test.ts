import { EventQueue, SimClock } from '../sim/sim-clock.ts';
import { createMemoryContents, createMemoryStorage } from './memory-storage.ts';
import { describeStorage } from './storage-contract.ts';

describeStorage('in memory', () => {
  const events = new EventQueue();
  const contents = createMemoryContents();
  return {
    open: () => createMemoryStorage({ clock: new SimClock(events), contents }),
    drive() {
      while (events.runNext(events.nowMs + 60_000)) {}
    },
  };
});

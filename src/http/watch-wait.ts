/** Waiting for a watch. */
import type { Watch } from '../node/watcher.ts';
import type { Clock } from '../ports/clock.ts';

/** Resolves when `watch` may have something to take, or is over; or after `ms`, with `late`. */
export function untilReady(watch: Watch, clock: Clock, ms: number): Promise<'ready' | 'late'> {
  const { promise, resolve } = Promise.withResolvers<'ready' | 'late'>();
  const timer = clock.setTimer(ms, () => resolve('late'));
  watch.onReady(() => {
    timer.cancel();
    resolve('ready');
  });
  return promise;
}

import { describe, expect, test } from 'vitest';
import { DsmError } from '../core/errors.ts';
import { makeLimits } from '../core/limits.ts';
import type { Mutation } from '../core/record.ts';
import { WriteQueue } from './write-queue.ts';

const deleteOf = (key: string): Mutation => ({
  ...{ kind: 'delete', key, condition: 'none', request: null },
});

function filled(done: (error: DsmError | null) => void = () => {}): WriteQueue {
  const queue = new WriteQueue(makeLimits());
  for (const [atMs, key] of ['a', 'bb'].entries()) {
    queue.add({ atMs, command: deleteOf(key), done });
  }
  return queue;
}

describe('what waits for a place in the log', () => {
  test.each<[string, (queue: WriteQueue) => void]>([
    ['taken', (queue) => queue.take()],
    ['late', (queue) => queue.expire(1)],
    ['failed', (queue) => queue.failAll(new DsmError('misdirected'))],
  ])('counts no more when it is %s', (_, end) => {
    const queue = filled();
    expect(queue.bytes).toBeGreaterThan(0);
    end(queue);
    expect([queue.size, queue.bytes]).toEqual([0, 0]);
  });

  test('is refused in the order in which it came, as far as it is late', () => {
    const errors: (string | undefined)[] = [];
    const queue = filled((error) => errors.push(error?.code));
    queue.expire(0);
    expect([queue.size, errors]).toEqual([1, ['no_quorum']]);
  });
});

import { describe, expect, test } from 'vitest';
import { EventQueue, SimClock } from './sim-clock.ts';

/** A clock, and the own times at which a timer of `delayMs` fired. */
function clockWithTimer(delayMs: number, rate = 1) {
  const queue = new EventQueue();
  const clock = new SimClock(queue, rate);
  const fired: number[] = [];
  const timer = clock.setTimer(delayMs, () => fired.push(clock.monotonicMs()));
  const run = (untilMs: number) => {
    while (queue.runNext(untilMs));
  };
  return { queue, clock, fired, timer, run };
}

describe('the clock of a node', () => {
  test('runs at its own rate, and so do its timers', () => {
    const { clock, fired, run } = clockWithTimer(110, 1.1);
    run(99);
    expect(fired).toEqual([]);
    run(200);
    expect(fired).toEqual([expect.closeTo(110)]);
    expect(clock.monotonicMs()).toBeCloseTo(220);
  });

  test('goes on while the node is paused: what was due comes all at once', () => {
    const { clock, fired, run } = clockWithTimer(10);
    clock.pause(100);
    expect(clock.isAwake).toBe(false);
    run(99);
    expect(fired).toEqual([]);
    run(101);
    expect(fired).toEqual([100]);
    expect(clock.isAwake).toBe(true);
  });

  test('stops while the machine is suspended: a timer has as long to go as before', () => {
    const { queue, clock, fired, run } = clockWithTimer(50);
    run(20);
    const wallMs = clock.wallMs();
    clock.suspend(1000);
    run(1049);
    expect(fired).toEqual([]);
    run(1060);
    expect(fired).toEqual([50]);
    expect(clock.monotonicMs()).toBe(60);
    expect(clock.wallMs() - wallMs).toBe(queue.nowMs - 20);
  });

  test('is suspended once where two suspensions overlap', () => {
    const { clock, fired, run } = clockWithTimer(50);
    clock.suspend(1000);
    run(400);
    clock.suspend(1000);
    clock.suspend(100);
    run(2000);
    expect(fired).toEqual([50]);
    expect(clock.monotonicMs()).toBe(600);
  });

  test('never fires a timer that was cancelled, not even one that was due in a pause', () => {
    const { clock, fired, timer, run } = clockWithTimer(10);
    clock.pause(100);
    run(50);
    timer.cancel();
    run(200);
    expect(fired).toEqual([]);
  });

  test('a leap moves the wall and nothing else; after its death nothing fires', () => {
    const { clock, fired, run } = clockWithTimer(10);
    const wallMs = clock.wallMs();
    clock.leapWall(-5000);
    expect(clock.wallMs()).toBe(wallMs - 5000);
    expect(clock.monotonicMs()).toBe(0);
    clock.die();
    run(100);
    expect(fired).toEqual([]);
  });
});

test('a queue that makes no progress is an error, not a hang', () => {
  const queue = new EventQueue();
  const again = () => void queue.after(0, again);
  again();
  expect(() => {
    while (queue.runNext(1));
  }).toThrow(/more than 20000 events/);
});

import { describe, expect, test } from 'vitest';
import type { DsmError } from '../core/errors.ts';
import type { WriteResult } from './api.ts';
import { WaitingWrites } from './waiting-writes.ts';

const updated = (lsn: number): WriteResult => ({ status: 'updated', revision: lsn });

/** Writes with consecutive lsns, and what each was answered. */
class Desk {
  readonly writes = new WaitingWrites();
  readonly answers = new Map<number, string[]>();

  add(lsn: number, atMs = 0): void {
    const said: string[] = [];
    this.answers.set(lsn, said);
    this.writes.add(lsn, atMs, (error: DsmError | null, result: WriteResult | null) => {
      said.push(error?.code ?? `${result?.status} ${result?.revision}`);
    });
  }
  apply(lsn: number): void {
    this.writes.onApplied(lsn, updated(lsn));
  }
  said(lsn: number): string[] | undefined {
    return this.answers.get(lsn);
  }
}

describe('writes that wait for their end', () => {
  test('are answered when applied and held by a majority: neither alone is enough', () => {
    const desk = new Desk();
    desk.add(5);
    desk.writes.settle(5);
    expect(desk.said(5)).toEqual([]);
    desk.apply(5);
    desk.writes.settle(4);
    expect(desk.said(5)).toEqual([]);
    desk.writes.settle(5);
    expect(desk.said(5)).toEqual(['updated 5']);
  });

  test('are answered in log order, with records of no client between them', () => {
    const desk = new Desk();
    for (const lsn of [5, 6, 9]) desk.add(lsn);
    for (const lsn of [4, 5, 6, 7, 8]) desk.apply(lsn);
    desk.writes.settle(100);
    expect([5, 6, 9].map((lsn) => desk.said(lsn)?.length)).toEqual([1, 1, 0]);
    desk.apply(9);
    desk.writes.settle(100);
    expect(desk.said(9)).toEqual(['updated 9']);
  });

  test('that are too old are unknown, once, and say nothing when they commit later', () => {
    const desk = new Desk();
    desk.add(5, 1000);
    desk.add(6, 2000);
    expect(desk.writes.oldestMs).toBe(1000);
    desk.writes.expire(1500);
    desk.writes.expire(1600);
    expect(desk.said(5)).toEqual(['write_timeout']);
    expect(desk.said(6)).toEqual([]);
    expect(desk.writes.oldestMs).toBe(2000);
    desk.apply(5);
    desk.apply(6);
    desk.writes.settle(6);
    expect(desk.said(5)).toEqual(['write_timeout']);
    expect(desk.said(6)).toEqual(['updated 6']);
    expect(desk.writes.oldestMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('all get the error that ends the epoch, those answered before nothing more', () => {
    const desk = new Desk();
    for (const lsn of [1, 2, 3]) desk.add(lsn, lsn);
    desk.apply(1);
    desk.writes.settle(1);
    desk.writes.expire(2);
    const failure = { code: 'stepped_down' } as DsmError;
    desk.writes.failAll(failure);
    expect([1, 2, 3].map((lsn) => desk.said(lsn))).toEqual([
      ['updated 1'],
      ['write_timeout'],
      ['stepped_down'],
    ]);
    expect(desk.writes.size).toBe(0);
  });

  test('by the thousand: the count stays right while answered ones are dropped in blocks', () => {
    const desk = new Desk();
    for (let lsn = 1; lsn <= 5000; lsn += 1) {
      desk.add(lsn);
      desk.apply(lsn);
      if (lsn % 7 === 0) desk.writes.settle(lsn - 3);
      if (lsn % 7 === 0) expect(desk.writes.size).toBe(3);
    }
    desk.writes.settle(5000);
    expect([...desk.answers.values()].every((said) => said.length === 1)).toBe(true);
  });
});

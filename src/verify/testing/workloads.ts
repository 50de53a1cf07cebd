/** Long histories of many concurrent clients, good ones, from a seeded random. */
import type { Random } from '../../ports/random.ts';
import type { HistoryOperation } from '../history.ts';
import type { RegisterInvocation } from '../register.ts';
import { type RegisterPlan, simulateRegisters } from './simulated-register.ts';
import { type Plan, simulateStore } from './simulated-store.ts';

export interface Workload {
  readonly clients: number;
  readonly keys: number;
  readonly operations: number;
  /** Of the writes, the share whose outcome is not known. */
  readonly unknownShare: number;
}

interface Moment {
  readonly client: number;
  readonly number: number;
  readonly key: string;
  readonly call: number;
  readonly point: number;
  readonly end: number;
}

/** Calls of clients that each make one after the other, with a long tail of slow ones. */
function* moments(random: Random, { clients, keys, operations }: Workload): Generator<Moment> {
  for (let client = 0; client < clients; client += 1) {
    let time = random.next() * 100;
    for (let number = client; number < operations; number += clients) {
      const call = Math.floor(time + random.next() * 20);
      const takes = 10 + Math.floor(random.next() * random.next() * 400);
      const point = call + random.next() * takes;
      const key = `${Math.floor(random.next() * keys)}`;
      yield { client, number, key, call, point, end: call + takes };
      time = call + takes + 1;
    }
  }
}

function fateOf(random: Random, unknownShare: number): Plan['fate'] {
  if (random.next() >= unknownShare) return 'answered';
  return random.next() < 0.5 ? 'lost' : 'dropped';
}

const operations: readonly Plan['op'][] = [
  ...Array<Plan['op']>(9).fill('get'),
  ...Array<Plan['op']>(8).fill('put'),
  'delete',
  'increment',
  'get-and-delete',
];

/** `onlyPlain`: only gets and unconditional puts, to which the zone check applies. */
export function dsmWorkload(
  random: Random,
  workload: Workload & { readonly onlyPlain: boolean },
): HistoryOperation[] {
  const { onlyPlain, unknownShare } = workload;
  const plans: Plan[] = [];
  for (const { client, number, key, call, point, end } of moments(random, workload)) {
    const op = operations[Math.floor(random.next() * (onlyPlain ? 17 : operations.length))]!;
    const isConditional = !onlyPlain && random.next() < 0.2;
    plans.push({
      process: client,
      op,
      key,
      // An increment must now and then find a number.
      value: onlyPlain || random.next() < 0.9 ? `v${number}` : `${number}`,
      condition: isConditional ? 'current' : 'none',
      isStale: op === 'get' && random.next() < 0.1,
      callUs: call,
      pointUs: Math.floor(point),
      returnUs: end,
      fate: op === 'get' ? 'answered' : fateOf(random, unknownShare),
    });
  }
  return simulateStore(plans);
}

/** Gets, puts and appends of short texts that are all different. */
export function appendWorkload(random: Random, workload: Workload): RegisterInvocation[] {
  const plans: RegisterPlan[] = [];
  for (const { client, number, key, call, point, end } of moments(random, workload)) {
    const draw = random.next();
    const verb = draw < 0.4 ? 'get' : draw < 0.5 ? 'put' : 'append';
    plans.push({
      verb,
      key,
      value: `x ${client} ${number} y`,
      expected: null,
      call,
      point,
      return: end,
      fate: verb === 'get' ? 'answered' : fateOf(random, workload.unknownShare),
    });
  }
  return simulateRegisters(plans, '');
}

/**
 * The same, but one of the last gets misses the last append that it showed, of those which returned
 * before it was called: that append is never unseen again, so no order explains it.
 */
export function withLateAnomaly(history: readonly RegisterInvocation[]): RegisterInvocation[] {
  const appends = new Map<string, RegisterInvocation>();
  for (const one of history) {
    if (one.action.effect.kind === 'append') appends.set(one.action.effect.text, one);
  }
  for (let at = history.length - 1; at >= 0; at -= 1) {
    const get = history[at]!;
    const value = get.action.guard.equals;
    const last = typeof value === 'string' ? /^(.+y)(x \d+ \d+ y)$/.exec(value) : null;
    const append = appends.get(last?.[2] ?? '');
    if (last === null || append === undefined || append.returnTime >= get.callTime) continue;
    const action = { ...get.action, guard: { equals: last[1]! } };
    return history.with(at, { ...get, action, label: 'the anomaly' });
  }
  throw new Error('no get shows two appends of which the last had returned');
}

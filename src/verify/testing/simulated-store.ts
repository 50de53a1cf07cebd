/**
 * A store that is linearizable by construction: every call takes effect at one point of time between
 * its call and its return, one after the other. What it answers is a good history.
 */
import type { HistoryOperation, OperationName } from '../history.ts';

/** A call that will be made. Times are integers. */
export interface Plan {
  readonly process: number;
  readonly op: OperationName;
  readonly key: string;
  /** put: what is written. */
  readonly value: string;
  readonly condition: 'none' | 'absent' | 'present' | 'current' | 'older';
  readonly isStale: boolean;
  readonly callUs: number;
  /** When it takes effect; between the others. */
  readonly pointUs: number;
  readonly returnUs: number;
  /** `lost`: it happens, and nobody hears of it. `dropped`: the same, but it does not happen. */
  readonly fate: 'answered' | 'lost' | 'dropped';
}

interface Entry {
  readonly value: string | null;
  readonly revision: number;
}

type Answer = Pick<HistoryOperation, 'outcome' | 'value' | 'revision' | 'currentRevision'>;

const absent: Entry = { value: null, revision: 0 };
const integer = /^-?\d+$/;

class Store {
  #lsn = 0;
  /** All states that each key ever had. */
  readonly #entries = new Map<string, Entry[]>();

  run(plan: Plan): HistoryOperation {
    const { process, op, key, callUs, returnUs, fate } = plan;
    const condition = this.#conditionOf(plan);
    const asked = {
      process,
      op,
      key,
      callUs,
      ...(op === 'put' ? { value: plan.value } : {}),
      ...(op === 'increment' ? { by: 1 } : {}),
      ...(condition === 'none' ? {} : { condition }),
      ...(op === 'get' && plan.isStale ? { consistency: 'stale' as const } : {}),
    };
    const answer = fate === 'dropped' ? undefined : this.#answer(plan, condition);
    if (answer === undefined || fate !== 'answered') {
      return { ...asked, returnUs: Number.POSITIVE_INFINITY, outcome: 'unknown' };
    }
    return { ...asked, returnUs, ...answer };
  }

  #current(key: string): Entry {
    return this.#entries.get(key)?.at(-1) ?? absent;
  }

  #conditionOf({ op, key, condition }: Plan): 'none' | 'absent' | 'present' | number {
    const isConditional = op === 'put' || op === 'delete';
    if (!isConditional) return 'none';
    const entries = this.#entries.get(key) ?? [];
    if (condition === 'current') return entries.at(-1)?.revision ?? 'none';
    return condition === 'older' ? entries.at(-2)?.revision || 'none' : condition;
  }

  #set(key: string, value: string | null): number {
    this.#lsn += 1;
    const entries = this.#entries.get(key) ?? [absent];
    entries.push({ value, revision: this.#lsn });
    this.#entries.set(key, entries);
    return this.#lsn;
  }

  #answer(plan: Plan, condition: 'none' | 'absent' | 'present' | number): Answer {
    const { op, key } = plan;
    const found = this.#current(key);
    const isPresent = found.value !== null;
    const holds = {
      none: true,
      absent: !isPresent,
      present: isPresent,
    }[condition as 'none'];
    const refused: Answer = {
      outcome: 'not-applied',
      currentRevision: isPresent ? found.revision : 0,
    };
    if (!(holds ?? (isPresent && found.revision === condition))) return refused;
    switch (op) {
      case 'get':
        return this.#read(plan);
      case 'put':
        return { outcome: 'ok', revision: this.#set(key, plan.value) };
      case 'increment': {
        if (isPresent && !integer.test(found.value ?? '')) return { outcome: 'not-applied' };
        const value = String(Number(found.value ?? 0) + 1);
        return { outcome: 'ok', value, revision: this.#set(key, value) };
      }
      default: {
        if (!isPresent) return refused;
        const taken = op === 'get-and-delete' ? { value: found.value } : {};
        return { outcome: 'ok', ...taken, revision: this.#set(key, null) };
      }
    }
  }

  #read({ key, isStale, pointUs }: Plan): Answer {
    const entries = this.#entries.get(key) ?? [absent];
    const back = isStale ? pointUs % entries.length : 0;
    const { value, revision } = entries.at(-1 - back) ?? absent;
    return value === null ? { outcome: 'ok', value } : { outcome: 'ok', value, revision };
  }
}

/** The history of these calls, in the order in which they take effect. */
export function simulateStore(plans: readonly Plan[]): HistoryOperation[] {
  const store = new Store();
  return [...plans].sort((a, b) => a.pointUs - b.pointUs).map((plan) => store.run(plan));
}

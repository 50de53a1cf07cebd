/**
 * What guards and effects of a register say of values: the facts that `register-look-ahead.ts`
 * counts with. They are taken from the whole history once, before the search.
 */
import type { Invocation } from './model.ts';
import type { Effect, Guard, RegisterAction, RegisterValue } from './register.ts';
import type { Composition } from './register-composition.ts';

const isUnguarded = (guard: Guard): boolean => Object.keys(guard).length === 0;

/** The value that an effect leaves whatever it found; undefined where it depends on that. */
function settledValue(effect: Effect): RegisterValue | undefined {
  if (effect.kind === 'set') return effect.value;
  return effect.kind === 'add' ? effect.result : undefined;
}

/** Values that guards tell apart: sorted, so that those with a common beginning lie together. */
export class Marks {
  readonly #values: readonly string[];
  readonly #hasAppends: boolean;
  /** Ids are places in `#values`; the last one is absence. */
  readonly count: number;

  constructor(actions: readonly RegisterAction[]) {
    const values = new Set<string>();
    for (const { guard } of actions) {
      if (typeof guard.equals === 'string') values.add(guard.equals);
      if (typeof guard.differsFrom === 'string') values.add(guard.differsFrom);
    }
    this.#values = [...values].sort((a, b) => (a < b ? -1 : 1));
    this.#hasAppends = actions.some(({ effect }) => effect.kind === 'append');
    this.count = this.#values.length + 1;
  }

  #firstFrom(value: string): number {
    let low = 0;
    let high = this.#values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#values[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  idOf(value: RegisterValue): number {
    return value === null ? this.count - 1 : this.#firstFrom(value);
  }

  isReached(id: number, from: RegisterValue): boolean {
    const mark = this.#values[id];
    if (mark === undefined) return from === null;
    return this.#hasAppends ? mark.startsWith(from ?? '') : mark === from;
  }

  /** Calls `visit` with each mark reached from a value, until it answers true; whether it did. */
  someReached(from: RegisterValue, visit: (id: number) => boolean): boolean {
    if (from === null && visit(this.count - 1)) return true;
    if (from === null && !this.#hasAppends) return false;
    for (let id = this.#firstFrom(from ?? ''); id < this.count - 1; id += 1) {
      if (!this.isReached(id, from)) return false;
      if (visit(id)) return true;
    }
    return false;
  }

  /** The values that are marks, by id; absence is not among them. */
  get values(): readonly string[] {
    return this.#values;
  }

  /** All marks that an append of `text` can be a part of. */
  containing(text: string): number[] {
    return this.#values.flatMap((value, id) => (value.includes(text) ? [id] : []));
  }
}

/** Facts of one invocation that do not change while the search runs. */
export interface Facts {
  /** The mark that it must find, if it must happen; else −1. */
  readonly needed: number;
  /** Marks of its guard. */
  readonly observed: readonly number[];
  /** True of a guard that is satisfied by all states but one. */
  readonly isLoose: boolean;
  /** True where what it tells apart is not known as marks: then no state is dead. */
  readonly isOpaque: boolean;
  readonly isImpossible: boolean;
  /** Marks that are reached from the value it leaves; for an append, those that may contain it. */
  readonly helped: readonly number[];
  /** True if `helped` are reached from any state by way of this invocation. */
  readonly isSource: boolean;
  /** For an append: marks that cannot be put together without it. */
  readonly indispensableTo: readonly number[];
  readonly mayBeIdle: boolean;
}

function helpedBy(effect: Effect, marks: Marks): number[] {
  if (effect.kind === 'none') return [];
  if (effect.kind === 'append') return marks.containing(effect.text);
  const value = settledValue(effect);
  if (value === undefined) return Array.from({ length: marks.count }, (_, id) => id);
  const helped: number[] = [];
  marks.someReached(value, (id) => {
    helped.push(id);
    return false;
  });
  return helped;
}

function factOf(
  { action, isRequired }: Invocation<RegisterAction>,
  marks: Marks,
  users: ReadonlyMap<string, number[]>,
): Facts {
  const { guard, effect } = action;
  const observed: number[] = [];
  if (guard.equals !== undefined) observed.push(marks.idOf(guard.equals));
  if (guard.differsFrom !== undefined) observed.push(marks.idOf(guard.differsFrom));
  return {
    needed: isRequired && guard.equals !== undefined ? marks.idOf(guard.equals) : -1,
    observed,
    isLoose: guard.differsFrom !== undefined,
    isOpaque: effect.kind === 'add' || (guard.revision !== undefined && guard.equals === undefined),
    isImpossible: isRequired && guard.never === true,
    helped: helpedBy(effect, marks),
    isSource: effect.kind === 'set' || effect.kind === 'add',
    indispensableTo: (effect.kind === 'append' && users.get(effect.text)) || [],
    mayBeIdle: isRequired && isUnguarded(guard) && effect.kind !== 'add',
  };
}

/** The facts of each invocation, in their order. */
export function collectFacts(
  invocations: readonly Invocation<RegisterAction>[],
  marks: Marks,
  composition: Composition,
): Facts[] {
  /** The marks to which an append of a text is indispensable. */
  const users = new Map<string, number[]>();
  for (const [id, value] of marks.values.entries()) {
    for (const text of composition.indispensable(value)) {
      users.set(text, [...(users.get(text) ?? []), id]);
    }
  }
  return invocations.map((invocation) => factOf(invocation, marks, users));
}

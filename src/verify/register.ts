/**
 * One key as an object with states: a value or its absence, with a revision where one is known.
 * Every call on a key is a guard (what its answer says of the state that it found) and an effect.
 * Reads, failed compare-and-set and refusals are guards without an effect.
 */
import type { Invocation, Model } from './model.ts';
import { RegisterLookAhead } from './register-look-ahead.ts';

/** Null is absence. */
export type RegisterValue = string | null;

/** All that is given must be true of the state that the action finds. */
export interface Guard {
  readonly equals?: RegisterValue;
  readonly differsFrom?: RegisterValue;
  /** The state's revision, where the state knows it. Never true of an absent key. */
  readonly revision?: number;
  /** An answer that contradicts itself: true of no state. */
  readonly never?: true;
}

export type Effect =
  | { readonly kind: 'none' }
  | { readonly kind: 'set'; readonly value: RegisterValue; readonly revision?: number }
  /** An absent key counts as empty. */
  | { readonly kind: 'append'; readonly text: string }
  /** An absent key counts as 0; possible on decimal integers only. */
  | {
      readonly kind: 'add';
      readonly by: number;
      /** What it answered, where it did. */
      readonly result?: string;
      readonly revision?: number;
    };

export interface RegisterAction {
  readonly key: string;
  readonly guard: Guard;
  readonly effect: Effect;
}

export interface RegisterState {
  readonly value: RegisterValue;
  /** Undefined where nobody said it, and where the key is absent. */
  readonly revision: number | undefined;
}

export type RegisterInvocation = Invocation<RegisterAction>;

function isAllowed(state: RegisterState, guard: Guard): boolean {
  if (guard.never) return false;
  if (guard.equals !== undefined && state.value !== guard.equals) return false;
  if (guard.differsFrom !== undefined && state.value === guard.differsFrom) return false;
  if (guard.revision === undefined) return true;
  if (state.value === null) return false;
  return state.revision === undefined || state.revision === guard.revision;
}

const integer = /^-?\d+$/;

function sum(value: RegisterValue, by: number): string | null {
  if (value === null) return String(by);
  return integer.test(value) ? String(BigInt(value) + BigInt(by)) : null;
}

function step(state: RegisterState, { guard, effect }: RegisterAction): RegisterState | null {
  if (!isAllowed(state, guard)) return null;
  switch (effect.kind) {
    case 'none':
      return state;
    case 'set':
      return { value: effect.value, revision: effect.revision };
    case 'append':
      return { value: (state.value ?? '') + effect.text, revision: undefined };
    case 'add': {
      const value = sum(state.value, effect.by);
      if (value === null || (effect.result !== undefined && effect.result !== value)) return null;
      return { value, revision: effect.revision };
    }
  }
}

/** A register that begins as `initial`; keys are independent of each other. */
export function createRegisterModel(initial: RegisterValue): Model<RegisterState, RegisterAction> {
  return {
    initial: { value: initial, revision: undefined },
    step,
    stateKey: ({ value, revision }) => (value === null ? '-' : `${revision ?? ''}=${value}`),
    partitionKey: (action) => action.key,
    actionKey: ({ guard, effect }) => JSON.stringify([guard, effect]),
    isReadOnly: (action) => action.effect.kind === 'none',
    describeState: ({ value, revision }) =>
      `${value === null ? 'absent' : JSON.stringify(value)}${revision ? ` @${revision}` : ''}`,
    lookAhead: (invocations) => RegisterLookAhead.of(invocations),
  };
}

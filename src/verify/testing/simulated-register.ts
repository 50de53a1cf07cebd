/** Like `simulated-store.ts`, of registers with appends and compare-and-set on values. */
import type { Effect, Guard, RegisterInvocation, RegisterValue } from '../register.ts';

export interface RegisterPlan {
  readonly verb: 'get' | 'put' | 'append' | 'cas' | 'delete';
  readonly key: string;
  readonly value: string;
  /** cas: what it expects. */
  readonly expected: RegisterValue;
  readonly call: number;
  readonly point: number;
  readonly return: number;
  readonly fate: 'answered' | 'lost' | 'dropped';
}

type Action = { readonly guard: Guard; readonly effect: Effect };

const none: Effect = { kind: 'none' };

function actionOf({ verb, value, expected }: RegisterPlan, found: RegisterValue): Action {
  switch (verb) {
    case 'get':
      return { guard: { equals: found }, effect: none };
    case 'put':
      return { guard: {}, effect: { kind: 'set', value } };
    case 'append':
      return { guard: {}, effect: { kind: 'append', text: value } };
    case 'delete':
      return found === null
        ? { guard: { equals: null }, effect: none }
        : { guard: { differsFrom: null }, effect: { kind: 'set', value: null } };
    case 'cas':
      return found === expected
        ? { guard: { equals: expected }, effect: { kind: 'set', value } }
        : { guard: { differsFrom: expected }, effect: none };
  }
}

/** What a call of unknown outcome would have done; null where it would have done nothing. */
function wantedOf({ verb, value, expected }: RegisterPlan): Action | null {
  if (verb === 'get') return null;
  if (verb === 'cas') return { guard: { equals: expected }, effect: { kind: 'set', value } };
  if (verb === 'delete') return { guard: {}, effect: { kind: 'set', value: null } };
  return actionOf({ verb, value, expected } as RegisterPlan, null);
}

function after(found: RegisterValue, effect: Effect): RegisterValue {
  if (effect.kind === 'set') return effect.value;
  return effect.kind === 'append' ? (found ?? '') + effect.text : found;
}

export function simulateRegisters(
  plans: readonly RegisterPlan[],
  initial: RegisterValue,
): RegisterInvocation[] {
  const states = new Map<string, RegisterValue>();
  const invocations: RegisterInvocation[] = [];
  for (const plan of [...plans].sort((a, b) => a.point - b.point)) {
    const { key, fate } = plan;
    const found = states.has(key) ? (states.get(key) ?? null) : initial;
    const action = actionOf(plan, found);
    if (fate !== 'dropped') states.set(key, after(found, action.effect));
    const isRequired = fate === 'answered';
    const said = isRequired ? action : wantedOf(plan);
    if (said === null) continue;
    invocations.push({
      id: invocations.length,
      callTime: plan.call,
      returnTime: isRequired ? plan.return : Number.POSITIVE_INFINITY,
      isRequired,
      action: { key, ...said },
      label: `${plan.verb} ${key} ${JSON.stringify(said)}`,
    });
  }
  return invocations;
}

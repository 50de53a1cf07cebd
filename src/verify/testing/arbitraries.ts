/** Histories for property tests: good ones from a simulation, and what becomes of them by a lie. */
import fc from 'fast-check';
import type { HistoryOperation } from '../history.ts';
import type { RegisterInvocation } from '../register.ts';
import { type RegisterPlan, simulateRegisters } from './simulated-register.ts';
import { type Plan, simulateStore } from './simulated-store.ts';

/** How calls lie in time: short spans on a small scale, so that many touch, overlap and follow. */
const span = fc
  .tuple(fc.nat(20), fc.nat(3), fc.nat(3))
  .map(([call, wait, rest]) => ({ call, point: call + wait, end: call + wait + rest }));

const fate = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Plan['fate']>('answered') },
  { weight: 1, arbitrary: fc.constantFrom<Plan['fate'][]>('lost', 'dropped') },
);

/** Lists that are long enough to hold a contradiction. */
const listOf = <Item>(item: fc.Arbitrary<Item>, maxLength: number) =>
  fc.noBias(fc.array(item, { minLength: maxLength >>> 1, maxLength, size: 'max' }));

export interface HistoryShape {
  readonly operations: readonly Plan['op'][];
  readonly conditions: readonly Plan['condition'][];
  /** False for histories in which every outcome is known. */
  readonly hasUnknown: boolean;
  readonly hasStale: boolean;
  readonly keys: readonly string[];
  /** Undefined for values that are all different. */
  readonly values: readonly string[] | undefined;
  readonly lengthMax: number;
}

/** A history of a store that tells the truth. */
export function goodHistory(shape: HistoryShape): fc.Arbitrary<HistoryOperation[]> {
  const plan = fc.record({
    span,
    op: fc.constantFrom(...shape.operations),
    key: fc.constantFrom(...shape.keys),
    value: fc.constantFrom(...(shape.values ?? [''])),
    condition: fc.constantFrom(...shape.conditions),
    isStale: shape.hasStale ? fc.boolean() : fc.constant(false),
    fate: shape.hasUnknown ? fate : fc.constant<Plan['fate']>('answered'),
  });
  return listOf(plan, shape.lengthMax).map((plans) =>
    simulateStore(
      plans.map(({ span: { call, point, end }, value, ...rest }, process) => ({
        ...rest,
        process,
        value: shape.values === undefined ? `v${process}` : value,
        callUs: call,
        pointUs: point,
        returnUs: end,
      })),
    ),
  );
}

/** Swaps or copies an answer, or moves a time; which ones, `first` and `second` say. */
const lie = fc.record({
  kind: fc.constantFrom('value', 'revision', 'answer', 'answer', 'return', 'call'),
  first: fc.nat(),
  second: fc.nat(),
});
type Lie = typeof lie extends fc.Arbitrary<infer Value> ? Value : never;

const lies = fc.noBias(fc.array(lie, { maxLength: 3, size: 'max' }));

const isRead = ({ op, outcome }: HistoryOperation): boolean => op === 'get' && outcome === 'ok';

/** Answers change among reads only; anything may move. */
function tellLie(history: readonly HistoryOperation[], { kind, first, second }: Lie) {
  const isOfReads = kind === 'value' || kind === 'answer';
  const places = [...history.keys()].filter((at) => !isOfReads || isRead(history[at]!));
  const at = places[first % places.length];
  const other = places[second % places.length];
  if (at === undefined || other === undefined) return [...history];
  return history.with(at, changed(kind, history[at]!, history[other]!));
}

function changed(kind: Lie['kind'], operation: HistoryOperation, other: HistoryOperation) {
  const { outcome, callUs, returnUs, revision, value } = operation;
  switch (kind) {
    case 'return':
      return outcome === 'unknown' ? operation : { ...operation, returnUs: callUs };
    case 'call':
      return { ...operation, callUs: outcome === 'unknown' ? callUs : returnUs };
    case 'answer': {
      const { revision: _, ...rest } = operation;
      const place = other.revision === undefined ? {} : { revision: other.revision };
      return { ...rest, ...place, value: other.value ?? null };
    }
    case 'revision': {
      const canChange = revision !== undefined && other.revision !== undefined;
      return canChange ? { ...operation, revision: other.revision } : operation;
    }
    case 'value': {
      const canChange = typeof value === 'string' && typeof other.value === 'string';
      return canChange ? { ...operation, value: other.value } : operation;
    }
  }
}

/** A history of a store that lies a few times, or perhaps not at all. */
export function anyHistory(shape: HistoryShape): fc.Arbitrary<HistoryOperation[]> {
  return fc.tuple(goodHistory(shape), lies).map(([history, told]) => told.reduce(tellLie, history));
}

export interface RegisterShape {
  readonly verbs: readonly RegisterPlan['verb'][];
  /** Undefined for texts that are all different. */
  readonly values: readonly string[] | undefined;
  readonly initial: string | null;
  readonly lengthMax: number;
}

/** Registers that tell the truth. */
export function goodRegisters(shape: RegisterShape): fc.Arbitrary<RegisterInvocation[]> {
  const plan = fc.record({
    span,
    verb: fc.constantFrom(...shape.verbs),
    value: fc.constantFrom(...(shape.values ?? [''])),
    expected: fc.constantFrom(...(shape.values ?? ['']), null),
    fate,
  });
  return listOf(plan, shape.lengthMax).map((plans) =>
    simulateRegisters(
      plans.map(({ span: { call, point, end }, value, ...rest }, place) => ({
        ...rest,
        key: '',
        value: shape.values === undefined ? `<${place}>` : value,
        call,
        point,
        return: end,
      })),
      shape.initial,
    ),
  );
}

/** Registers in which a few calls give the answer of another one, or move in time. */
export function anyRegisters(shape: RegisterShape): fc.Arbitrary<RegisterInvocation[]> {
  return fc
    .tuple(goodRegisters(shape), lies)
    .map(([invocations, told]) => told.reduce(tellRegisterLie, invocations));
}

function tellRegisterLie(
  invocations: readonly RegisterInvocation[],
  { kind, first, second }: Lie,
): RegisterInvocation[] {
  const isMove = kind === 'return' || kind === 'call';
  const places = [...invocations.keys()].filter((at) => {
    const { isRequired, action } = invocations[at]!;
    return isMove ? isRequired : action.effect.kind === 'none';
  });
  const at = places[first % places.length];
  const otherAt = places[second % places.length];
  if (at === undefined || otherAt === undefined) return [...invocations];
  const one = invocations[at]!;
  const other = invocations[otherAt]!;
  if (kind === 'return') return invocations.with(at, { ...one, returnTime: one.callTime });
  if (kind === 'call') return invocations.with(at, { ...one, callTime: one.returnTime });
  return invocations.with(at, { ...one, action: other.action }).with(otherAt, {
    ...other,
    action: one.action,
  });
}

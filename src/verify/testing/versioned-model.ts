/**
 * One key as the version check sees it, for the brute-force checker: the same answers, and besides
 * each write has a higher revision than those before it, and nothing happens that the history does
 * not tell. Only for histories in which every outcome and every revision is known.
 */
import { type HistoryOperation, isWrite } from '../history.ts';
import type { Invocation, Model } from '../model.ts';
import { createRegisterModel, type RegisterState } from '../register.ts';
import { registerAction } from '../register-action.ts';

interface VersionedState extends RegisterState {
  readonly highest: number;
}

const { step } = createRegisterModel(null);

export const versionedModel: Model<VersionedState, HistoryOperation> = {
  initial: { value: null, revision: undefined, highest: 0 },
  step(state, operation) {
    const action = registerAction(operation);
    if (action === null) return null;
    const after = step(state, action);
    if (after === null) return null;
    const { revision, outcome } = operation;
    if (!isWrite(operation) || outcome !== 'ok') return { ...after, highest: state.highest };
    if (revision === undefined || revision <= state.highest) return null;
    return { ...after, highest: revision };
  },
  stateKey: (state) => JSON.stringify(state),
  partitionKey: (operation) => operation.key,
  actionKey: (operation) => JSON.stringify(operation),
  isReadOnly: (operation) => !isWrite(operation) || operation.outcome !== 'ok',
  describeState: (state) => JSON.stringify(state),
};

/** Of a history in which every call was answered. */
export function versionedInvocations(
  history: readonly HistoryOperation[],
): Invocation<HistoryOperation>[] {
  const told = history.filter((operation) => registerAction(operation) !== null);
  return told.map((operation, id) => ({
    id,
    callTime: operation.consistency === 'stale' ? Number.NEGATIVE_INFINITY : operation.callUs,
    returnTime: operation.returnUs,
    isRequired: true,
    action: operation,
    label: '',
  }));
}

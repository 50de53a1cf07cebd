/**
 * What clients were told, held against the model (`state-model.ts`) of what was committed: each answer
 * to a request with a key, each list, each change that a watch told, and at the end the whole state.
 */
import type { KeyRange } from '../../core/key-range.ts';
import { allKeys } from '../../core/key-range.ts';
import type { Record } from '../../core/record.ts';
import type { Result } from '../../core/result.ts';
import type { Store } from '../../core/store.ts';
import { InvariantError } from '../invariant-error.ts';
import { type ModelChange, StateModel } from './state-model.ts';

/** What was told of a request; what is undefined was not said. */
export interface Told {
  readonly requestId: string;
  /** Null where it is as the model says. */
  readonly check: (result: Result) => string | null;
}

/** What a list showed: at `revision`, `key=text` of everything under the prefix, by key. */
export interface Listed {
  readonly prefix: string;
  readonly revision: number;
  readonly shown: readonly string[];
}

/** What a watch told behind a list: every change under the prefix up to `until`, in order. */
export interface Followed {
  readonly prefix: string;
  readonly from: number;
  until: number;
  readonly changes: string[];
}

export class Oracle {
  readonly told: Told[] = [];
  readonly listed: Listed[] = [];
  readonly followed: Followed[] = [];

  /** `records`: what was committed, from the first on. `store`: of whoever is active at the end. */
  check(records: Iterable<Record>, store: Store): void {
    const model = new StateModel();
    const changes: ModelChange[] = [];
    const lists = Map.groupBy(this.listed, ({ revision }) => revision);
    for (const record of records) {
      model.apply(record);
      changes.push(...model.changes);
      for (const listed of lists.get(model.lsn) ?? []) expectListed(model, listed);
    }
    for (const told of this.told) expectTold(model, told);
    for (const followed of this.followed) expectFollowed(model, changes, followed);
    if (model.lsn === store.appliedLsn) expectState(model, store);
  }
}

function expectSame(what: string, found: readonly string[], expected: readonly string[]): void {
  const at = [...found, ...expected].findIndex((_, index) => found[index] !== expected[index]);
  const isSame = found.length === expected.length && at < 0;
  if (isSame) return;
  const place = `${found[at] ?? 'nothing'} where the model has ${expected[at] ?? 'nothing'}`;
  throw new InvariantError('I5', `${what}: ${place}`);
}

function expectTold({ answers }: StateModel, { requestId, check }: Told): void {
  const result = answers.get(requestId);
  if (result === undefined) throw new InvariantError('I1', `${requestId} is done, and never ran`);
  const contradiction = check(result);
  if (contradiction === null) return;
  throw new InvariantError('I5', `${requestId} was told ${contradiction}`);
}

function expectListed(model: StateModel, { prefix, revision, shown }: Listed): void {
  const expected = [...model.entries()]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, { text }]) => `${key}=${text}`);
  expectSame(`the list of ${prefix}* at ${revision}`, shown.toSorted(), expected.toSorted());
}

function expectFollowed(
  model: StateModel,
  changes: readonly ModelChange[],
  { prefix, from, until, changes: told }: Followed,
): void {
  const end = Math.min(until, model.lsn);
  const isTold = ({ key, revision }: ModelChange) =>
    key.startsWith(prefix) && revision > from && revision <= end;
  const expected = inOrder(changes.filter(isTold).map(showChange));
  const seen = told.filter((text) => Number.parseInt(text, 10) <= end);
  expectSame(`the watch of ${prefix}* behind ${from}`, inOrder(seen), expected);
}

export function showChange({ kind, key, revision, text }: ModelChange): string {
  return `${revision} ${kind} ${key} ${text ?? ''}`;
}

/** The changes of one record have no order that anybody promises; those of two have. */
function inOrder(shown: readonly string[]): string[] {
  const sorted: string[] = [];
  let record: string[] = [];
  const end = () => sorted.push(...record.toSorted());
  for (const text of shown) {
    if (Number.parseInt(record[0] ?? text, 10) !== Number.parseInt(text, 10)) {
      end();
      record = [];
    }
    record.push(text);
  }
  end();
  return sorted;
}

function expectState(model: StateModel, store: Store): void {
  const { locks, entries } = { locks: model.locks, entries: model.entries() };
  const held: string[] = [];
  for (const key of store.keysIn(allKeys satisfies KeyRange)) {
    const entry = store.get(key);
    if (entry === undefined) continue;
    const { revision, expiresAtMs, session, value } = entry;
    held.push(`${key}=${new TextDecoder().decode(value)} ${revision} ${expiresAtMs} ${session}`);
  }
  const expected = [...entries].map(
    ([key, { text, revision, expiresAtMs, session }]) =>
      `${key}=${text} ${revision} ${expiresAtMs} ${session}`,
  );
  expectSame('the keys', held.toSorted(), expected.toSorted());
  for (const [name, lock] of locks.locks) {
    const { token, queue } = store.sessions.lock(name) ?? { token: 0, queue: [] };
    expectSame(`the lock ${name}`, [token, ...queue].map(String), [
      ...[lock.token, ...lock.queue].map(String),
    ]);
  }
  const sessions = [...locks.sessions].map(([id, { expiresAtMs }]) => `${id} ${expiresAtMs}`);
  const known = [...locks.sessions.keys()].map(
    (id) => `${id} ${store.sessions.get(id)?.expiresAtMs}`,
  );
  expectSame('the sessions', known, sessions);
  expectSame('the number of sessions', [`${store.sessions.size}`], [`${sessions.length}`]);
}

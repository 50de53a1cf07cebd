/**
 * What clients were told, held against the model (`state-model.ts`) of what was committed: each answer
 * to a request with a key, each list, each change that a watch told, and at the end the whole state.
 */
import { allKeys } from '../../core/key-range.ts';
import type { Record } from '../../core/record.ts';
import type { Result } from '../../core/result.ts';
import { Store } from '../../core/store.ts';
import { InvariantError } from '../invariant-error.ts';
import { stateDigest } from '../state-digest.ts';
import type { ModelLocks } from './model-locks.ts';
import { type ModelChange, type ModelEntry, StateModel } from './state-model.ts';

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

/** To compare whole states costs as much as reading them. */
const compareEvery = 32;

export class Oracle {
  readonly told: Told[] = [];
  readonly listed: Listed[] = [];
  readonly followed: Followed[] = [];

  /** `records`: what was committed, from the first on. `store`: of whoever is active at the end. */
  check(records: Iterable<Record>, store: Store): void {
    const [model, replayed] = [new StateModel(), new Store()];
    const changes: ModelChange[] = [];
    const lists = Map.groupBy(this.listed, ({ revision }) => revision);
    for (const record of records) {
      model.apply(record);
      replayed.apply(record);
      changes.push(...model.changes);
      for (const listed of lists.get(model.lsn) ?? []) expectListed(model, listed);
      if (model.lsn % compareEvery === 0) expectState(model, replayed);
    }
    if (replayed.hash !== store.hash || stateDigest(replayed) !== stateDigest(store)) {
      throw new InvariantError('I5', `the state at ${store.appliedLsn} is not that of the log`);
    }
    expectState(model, replayed);
    for (const told of this.told) expectTold(model, told);
    for (const followed of this.followed) expectFollowed(model, changes, followed);
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
  const decoder = new TextDecoder();
  const held: string[] = [];
  for (const key of store.keysIn(allKeys)) {
    const entry = store.get(key);
    if (entry !== undefined) held.push(showEntry(key, decoder.decode(entry.value), entry));
  }
  const expected = [...model.entries()].map(([key, entry]) => showEntry(key, entry.text, entry));
  expectSame(`the keys at ${model.lsn}`, held.toSorted(), expected.toSorted());
  expectHeld(model.locks, store);
}

type Ties = Pick<ModelEntry, 'revision' | 'expiresAtMs' | 'session'>;

function showEntry(key: string, text: string, { revision, expiresAtMs, session }: Ties): string {
  return `${key}=${text} @${revision} until ${expiresAtMs} with ${session}`;
}

function expectHeld({ names, locks, sessions }: ModelLocks, store: Store): void {
  for (const name of names) {
    const shown = [locks.get(name), store.sessions.lock(name)].map((lock) =>
      lock === undefined ? [] : [`token ${lock.token}`, ...lock.queue.map(String)],
    );
    expectSame(`the lock ${name} at ${store.appliedLsn}`, shown[1] ?? [], shown[0] ?? []);
  }
  const ends = [...sessions].map(([id, { expiresAtMs }]) => `${id} until ${expiresAtMs}`);
  const found = [...sessions.keys()].map(
    (id) => `${id} until ${store.sessions.get(id)?.expiresAtMs}`,
  );
  expectSame(
    'the sessions',
    [`${store.sessions.size} of them`, ...found],
    [`${sessions.size} of them`, ...ends],
  );
}

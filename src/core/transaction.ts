/**
 * Evaluates a transaction against the state before it, and changes nothing: what it would write is
 * in the answer. An operation sees what those before it did; where one cannot be done (an increment
 * of what is no number) none is. Every input has an answer: nothing is thrown (DESIGN.md §3).
 */
import { type Entry, entryOf } from './entries.ts';
import type { Change } from './history.ts';
import { compareKeys, type KeyRange } from './key-range.ts';
import { deleteScanMax, txnResultBytesMax } from './limits.ts';
import type { Compare, Operation, TxnCommand } from './operations.ts';
import type { Record } from './record.ts';
import { noResult, type OperationResult, type Result } from './result.ts';
import { type Sessions, sessionKeysMax } from './sessions.ts';

/** The state before the transaction. */
export interface View {
  readonly logTimeMs: number;
  get(key: string): Entry | undefined;
  /** Also where its lifetime has ended. */
  held(key: string): Entry | undefined;
  keysIn(range: KeyRange): Iterable<string>;
  readonly sessions: Pick<Sessions, 'get' | 'keysOf'>;
}

export interface Evaluation {
  readonly result: Result;
  /** New entries by key; null for one that is removed. */
  readonly writes: ReadonlyMap<string, Entry | null>;
  /** For watches, in the order in which they were done. */
  readonly changes: readonly Change[];
}

type Failure =
  | 'not-a-number'
  | 'out-of-range'
  | 'too-many-keys'
  | 'results-too-large'
  | 'no-session'
  | 'session-full';

/** What an entry has beside its value. */
type Ties = Pick<Entry, 'expiresAtMs' | 'ttlLsn' | 'session'>;

/** Decimal, as `increment` writes it; 2^53 has 16 digits. */
const wholeNumber = /^(?:0|-?[1-9]\d{0,15})$/;
const numberType = 'text/plain';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function evaluateTxn(record: Record, command: TxnCommand, view: View): Evaluation {
  return new Transaction(record, view).run(command);
}

class Transaction {
  readonly #record: Record;
  readonly #view: View;
  readonly #writes = new Map<string, Entry | null>();
  readonly #changes: Change[] = [];
  #readBytes = 0;

  constructor(record: Record, view: View) {
    this.#record = record;
    this.#view = view;
  }

  run({ compares, operations, otherwise }: TxnCommand): Evaluation {
    const holds = compares.every((compare) => this.#holds(compare));
    const results: OperationResult[] = [];
    for (const [index, operation] of (holds ? operations : otherwise).entries()) {
      const result = this.#do(operation);
      if (typeof result === 'string') {
        const failedAt = { list: holds ? 'operations' : 'otherwise', index } as const;
        return { result: { status: result, revision: 0, failedAt }, writes: none, changes: [] };
      }
      results.push(result);
    }
    const status = holds ? 'committed' : 'otherwise';
    const result: Result = { status, revision: this.#record.lsn, results };
    return { result, writes: this.#writes, changes: this.#changes };
  }

  #get(key: string): Entry | undefined {
    const written = this.#writes.get(key);
    return written === undefined ? this.#view.get(key) : (written ?? undefined);
  }

  #holds({ key, condition, value }: Compare): boolean {
    const entry = this.#get(key);
    if (!conditionHolds(condition, entry)) return false;
    return value === null || (entry !== undefined && areEqual(entry.value, value));
  }

  #do(operation: Operation): OperationResult | Failure {
    switch (operation.kind) {
      case 'put': {
        const { key, value, contentType, ttlMs, session } = operation;
        const failure = this.#attach(key, session);
        const ties = { ...this.#lifetime(ttlMs), session };
        return failure ?? this.#store(key, value, contentType, ties);
      }
      case 'delete':
        return this.#delete(operation.key);
      case 'get':
        return this.#read(operation.key);
      case 'increment':
        return this.#increment(operation.key, operation.by, operation.ttlMs);
      case 'touch':
        return this.#touch(operation.key, operation.ttlMs);
      case 'delete-range':
        return this.#deleteRange(operation, operation.limit, operation.isPage);
    }
  }

  #read(key: string): OperationResult | Failure {
    const entry = this.#get(key);
    if (entry === undefined) return noResult;
    const { value, contentType, revision, expiresAtMs } = entry;
    const isFirst = this.#readBytes === 0;
    this.#readBytes += value.length;
    if (!isFirst && this.#readBytes > txnResultBytesMax) return 'results-too-large';
    return { ...noResult, status: 'found', value, contentType, revision, expiresAtMs };
  }

  #lifetime(ttlMs: number): Pick<Entry, 'expiresAtMs' | 'ttlLsn'> {
    if (ttlMs === 0) return { expiresAtMs: 0, ttlLsn: 0 };
    return { expiresAtMs: this.#view.logTimeMs + ttlMs, ttlLsn: this.#record.lsn };
  }

  /** Why the key cannot be attached; null where it can, or is to none. */
  #attach(key: string, session: number): Failure | null {
    if (session === 0) return null;
    const { sessions } = this.#view;
    if (sessions.get(session) === undefined) return 'no-session';
    const keys = sessions.keysOf(session);
    let added = keys.has(key) ? 0 : 1;
    for (const [other, entry] of this.#writes) {
      if (entry?.session === session && !keys.has(other)) added += 1;
    }
    return keys.size + added > sessionKeysMax ? 'session-full' : null;
  }

  #store(key: string, value: Uint8Array, contentType: string, ties: Ties): OperationResult {
    const status = this.#get(key) === undefined ? 'created' : 'updated';
    const revision = this.#record.lsn;
    if (this.#isDead(key)) this.#expire(key);
    this.#writes.set(key, entryOf(key, { value, contentType, revision, ...ties }));
    this.#changes.push({ kind: 'put', key, revision, value, contentType });
    return { ...noResult, status, revision, expiresAtMs: ties.expiresAtMs };
  }

  #delete(key: string): OperationResult {
    if (this.#get(key) === undefined) return noResult;
    this.#writes.set(key, null);
    this.#changes.push({ kind: 'delete', key, revision: this.#record.lsn });
    return { ...noResult, status: 'deleted' };
  }

  #increment(key: string, by: number, ttlMs: number): OperationResult | Failure {
    const entry = this.#get(key);
    const before = entry === undefined ? 0 : numberOf(entry.value);
    if (before === null) return 'not-a-number';
    const after = before + by;
    if (!Number.isSafeInteger(after)) return 'out-of-range';
    const value = encoder.encode(String(after));
    const { expiresAtMs, ttlLsn } = entry ?? this.#lifetime(ttlMs);
    const ties = { expiresAtMs, ttlLsn, session: entry?.session ?? 0 };
    const type = entry?.contentType ?? numberType;
    const stored = this.#store(key, value, type, ties);
    return { ...stored, value, contentType: type };
  }

  #touch(key: string, ttlMs: number): OperationResult {
    const entry = this.#get(key);
    if (entry === undefined) return noResult;
    const { expiresAtMs, ttlLsn } = this.#lifetime(ttlMs);
    this.#writes.set(key, entryOf(key, { ...entry, expiresAtMs, ttlLsn }));
    return { ...noResult, status: 'updated', revision: entry.revision, expiresAtMs };
  }

  #deleteRange(range: KeyRange, limit: number, isPage: boolean): OperationResult | Failure {
    const keys = new Set<string>();
    const dead: string[] = [];
    let seen = 0;
    let hasMore = false;
    for (const key of this.#keysIn(range)) {
      if (keys.has(key)) continue;
      const isLive = this.#get(key) !== undefined;
      hasMore = seen === deleteScanMax || (isLive && keys.size === limit);
      if (hasMore) break;
      seen += 1;
      if (isLive) keys.add(key);
      else if (this.#isDead(key)) dead.push(key);
    }
    if (hasMore && !isPage) return 'too-many-keys';
    // Those in the way are cleared away too: whoever goes on with the rest does not meet them again.
    for (const key of dead) this.#expire(key);
    for (const key of keys) this.#delete(key);
    return { ...noResult, status: 'deleted', count: keys.size, hasMore };
  }

  /** Its lifetime has ended, and nothing has removed it yet. */
  #isDead(key: string): boolean {
    if (this.#writes.has(key) || this.#view.get(key) !== undefined) return false;
    return this.#view.held(key) !== undefined;
  }

  #expire(key: string): void {
    this.#writes.set(key, null);
    this.#changes.push({ kind: 'expire', key, revision: this.#record.lsn });
  }

  /** Of the state, and then those that this transaction wrote. */
  *#keysIn(range: KeyRange): Generator<string, void, void> {
    yield* this.#view.keysIn(range);
    for (const key of this.#writes.keys()) {
      const isIn = compareKeys(key, range.start) >= 0;
      const isBelow = range.end === null || compareKeys(key, range.end) < 0;
      if (isIn && isBelow) yield key;
    }
  }
}

const none: ReadonlyMap<string, Entry | null> = new Map();

export function conditionHolds(
  condition: Compare['condition'],
  entry: { readonly revision: number } | undefined,
): boolean {
  if (condition === 'none') return true;
  if (condition === 'absent') return entry === undefined;
  if (condition === 'present') return entry !== undefined;
  return entry?.revision === condition;
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Null where it is not a whole number that JavaScript holds exactly. */
function numberOf(value: Uint8Array): number | null {
  if (value.length > 17) return null;
  const text = decoder.decode(value);
  const number = wholeNumber.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : null;
}

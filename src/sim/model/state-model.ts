/**
 * The state machine once more: slow, plain, and written from DESIGN.md §3 and §6, not from `core/`. It
 * is given the records that were committed, in order; what it answers is what clients must have been
 * told, what it holds is what the nodes must hold, and what it changes is what watches must tell.
 */
import type { Compare, Operation, TxnCommand } from '../../core/operations.ts';
import type { DeleteCommand, PutCommand, Record } from '../../core/record.ts';
import { noResult, type OperationResult, type Result } from '../../core/result.ts';
import { ModelLocks } from './model-locks.ts';

export interface ModelEntry {
  readonly text: string;
  readonly revision: number;
  /** 0 for never. */
  readonly expiresAtMs: number;
  readonly ttlLsn: number;
  readonly session: number;
}

export interface ModelChange {
  readonly kind: 'put' | 'delete' | 'expire';
  readonly key: string;
  readonly revision: number;
  readonly text: string | null;
}

type Failure = Extract<Result['status'], 'not-a-number' | 'out-of-range' | 'no-session'>;

export class StateModel {
  lsn = 0;
  logTimeMs = 0;
  readonly locks = new ModelLocks();
  /** Idempotency key → how its request ended when it ran. */
  readonly answers = new Map<string, Result>();
  /** Of the last record. */
  changes: ModelChange[] = [];
  #entries = new Map<string, ModelEntry>();

  /** Keys that are there: not those whose lifetime has ended in log time. */
  entries(): Map<string, ModelEntry> {
    const isLive = ({ expiresAtMs }: ModelEntry) =>
      expiresAtMs === 0 || expiresAtMs > this.logTimeMs;
    return new Map([...this.#entries].filter(([, entry]) => isLive(entry)));
  }

  #get(key: string): ModelEntry | undefined {
    const entry = this.#entries.get(key);
    const isOver = entry !== undefined && entry.expiresAtMs !== 0;
    return isOver && entry.expiresAtMs <= this.logTimeMs ? undefined : entry;
  }

  apply({ lsn, logTimeMs, command }: Record): void {
    this.lsn = lsn;
    this.logTimeMs = Math.max(this.logTimeMs, logTimeMs);
    this.changes = [];
    switch (command.kind) {
      case 'put':
      case 'delete':
      case 'txn':
      case 'session': {
        const { request } = command;
        if (request !== null && this.answers.has(request.id)) return;
        const result =
          command.kind === 'txn'
            ? this.#transact(command)
            : command.kind === 'session'
              ? this.#hold(command)
              : this.#write(command);
        if (request !== null) this.answers.set(request.id, result);
        return;
      }
      case 'expire':
        if (this.#entries.get(command.key)?.ttlLsn === command.ttlLsn)
          this.#remove('expire', command.key);
        return;
      case 'config':
      case 'epoch-start':
      case 'tick':
        return;
    }
  }

  #set(key: string, text: string, ties: Omit<ModelEntry, 'text' | 'revision'>): void {
    // Its lifetime had ended, and nobody has said so yet.
    const isDead = this.#entries.has(key) && this.#get(key) === undefined;
    if (isDead) this.#remove('expire', key);
    this.#entries.set(key, { ...ties, text, revision: this.lsn });
    this.changes.push({ kind: 'put', key, revision: this.lsn, text });
  }

  #remove(kind: 'delete' | 'expire', key: string): void {
    this.#entries.delete(key);
    this.changes.push({ kind, key, revision: this.lsn, text: null });
  }

  #lifetime(ttlMs: number): Pick<ModelEntry, 'expiresAtMs' | 'ttlLsn'> {
    if (ttlMs === 0) return { expiresAtMs: 0, ttlLsn: 0 };
    return { expiresAtMs: this.logTimeMs + ttlMs, ttlLsn: this.lsn };
  }

  #holds({ key, condition, value }: Compare): boolean {
    const entry = this.#get(key);
    if (condition === 'absent' && entry !== undefined) return false;
    if (condition === 'present' && entry === undefined) return false;
    if (typeof condition === 'number' && entry?.revision !== condition) return false;
    return value === null || entry?.text === textOf(value);
  }

  #write(command: PutCommand | DeleteCommand): Result {
    const { key, condition } = command;
    const entry = this.#get(key);
    if (!this.#holds({ key, condition, value: null })) {
      return { status: 'precondition-failed', revision: entry?.revision ?? 0 };
    }
    if (command.kind === 'put') {
      this.#set(key, textOf(command.value), { ...this.#lifetime(command.ttlMs), session: 0 });
      return { status: entry === undefined ? 'created' : 'updated', revision: this.lsn };
    }
    if (entry === undefined) return { status: 'not-found', revision: 0 };
    this.#remove('delete', key);
    return { status: 'deleted', revision: this.lsn };
  }

  /** All or nothing: what was there before is kept until the last operation is done. */
  #transact({ compares, operations, otherwise }: TxnCommand): Result {
    const before = new Map(this.#entries);
    const holds = compares.every((compare) => this.#holds(compare));
    const results: OperationResult[] = [];
    for (const operation of holds ? operations : otherwise) {
      const result = this.#do(operation);
      if (typeof result !== 'string') {
        results.push(result);
        continue;
      }
      this.#entries = before;
      this.changes = [];
      return { status: result, revision: 0 };
    }
    return { status: holds ? 'committed' : 'otherwise', revision: this.lsn, results };
  }

  #do(operation: Operation): OperationResult | Failure {
    if (operation.kind === 'delete-range')
      throw new Error('no client of the simulator asks for it');
    const { key } = operation;
    const entry = this.#get(key);
    switch (operation.kind) {
      case 'get':
        return entry === undefined ? noResult : { ...ofEntry(entry), status: 'found' };
      case 'delete':
        if (entry === undefined) return noResult;
        this.#remove('delete', key);
        return { ...noResult, status: 'deleted' };
      case 'put': {
        const { value, ttlMs, session } = operation;
        if (session !== 0 && !this.locks.sessions.has(session)) return 'no-session';
        this.#set(key, textOf(value), { ...this.#lifetime(ttlMs), session });
        const status = entry === undefined ? 'created' : 'updated';
        return { ...noResult, status, revision: this.lsn };
      }
      case 'increment': {
        const before = entry?.text ?? '0';
        if (!/^(0|-?[1-9][0-9]*)$/.test(before)) return 'not-a-number';
        const text = String(Number(before) + operation.by);
        if (!Number.isSafeInteger(Number(text))) return 'out-of-range';
        this.#set(key, text, entry ?? { ...this.#lifetime(operation.ttlMs), session: 0 });
        const status = entry === undefined ? 'created' : 'updated';
        return { ...noResult, status, revision: this.lsn, value: bytesOf(text) };
      }
      case 'touch':
        if (entry === undefined) return noResult;
        this.#entries.set(key, { ...entry, ...this.#lifetime(operation.ttlMs) });
        return { ...noResult, status: 'updated', revision: entry.revision };
    }
  }

  #hold(command: Parameters<ModelLocks['apply']>[2]): Result {
    const result = this.locks.apply(this.lsn, this.logTimeMs, command);
    const kind = command.act === 'expire' ? 'expire' : 'delete';
    for (const session of this.locks.ended) {
      for (const [key, entry] of [...this.#entries]) {
        if (entry.session === session) this.#remove(kind, key);
      }
    }
    return result;
  }
}

function ofEntry({ text, revision, expiresAtMs }: ModelEntry): OperationResult {
  return { ...noResult, value: bytesOf(text), revision, expiresAtMs };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * One client of k6: the same operations, requests and judgement as under every other driver. k6
 * runs each virtual user in an engine of its own, so a client can hold a read only against its own
 * writes; the ledger over all clients is kept under the other drivers.
 */
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import http, { type RefinedResponse } from 'k6/http';
import { createDsmDialect, failure, type Judgement } from '../../bench/workload/dialect.ts';
import { keyName } from '../../bench/workload/keys.ts';
import { createOperations, type Operation } from '../../bench/workload/operations.ts';
import { encodeValue } from '../../bench/workload/value.ts';
import * as metrics from './metrics.ts';
import type { Settings } from './settings.ts';

/** Codes of k6 for what kept an answer from coming. */
const refusedCodes = [1211, 1212, 1213];
const timeoutCodes = [1050];

export interface Asked {
  readonly operation: Operation;
  readonly sequence: number;
  /** The last own write of the key that was acknowledged before this read; -1 for none. */
  readonly floor: number;
}

export class Client {
  readonly #settings: Settings;
  readonly #dialect;
  readonly #next: () => Operation;
  readonly #writer: number;
  readonly #entry: string;
  readonly #acknowledged = new Map<number, number>();
  #sequence = 0;
  #idleSinceMs = 0;
  #scenario = '';

  /** `index` counts the clients from 0; writers count from 1. */
  constructor(settings: Settings, index: number) {
    this.#settings = settings;
    this.#dialect = createDsmDialect(settings.workload.valueBytes);
    this.#next = createOperations(settings.workload, index);
    this.#writer = index + 1;
    this.#entry = settings.entries[index % settings.entries.length] ?? '';
  }

  /** One iteration: rest, ask, judge, count. Without a rest in the open model. */
  iterate(restMs: number): void {
    this.#noticeScenario();
    if (restMs > 0) sleep(restMs / 1000);
    const operation = this.#next();
    const asked: Asked = {
      operation,
      sequence: operation.kind === 'write' ? this.#sequence : -1,
      floor: this.#acknowledged.get(operation.keyIndex) ?? -1,
    };
    if (operation.kind === 'write') this.#sequence += 1;
    metrics.sent.add(1, { op: operation.kind });
    const response = this.#send(asked);
    const judgement = this.#judge(asked, response);
    this.#count(asked, judgement, response.timings.duration);
  }

  #noticeScenario(): void {
    if (exec.scenario.name === this.#scenario) return;
    this.#scenario = exec.scenario.name;
    this.#idleSinceMs = Date.now();
    // The bench reads these lines: it takes the CPU time of the servers between them.
    if (exec.scenario.iterationInTest === 0) console.log(`phase ${exec.scenario.name}`);
  }

  #send({ operation, sequence }: Asked): RefinedResponse<'text'> {
    const { valueBytes } = this.#settings.workload;
    const key = keyName(operation.keyIndex);
    const request =
      operation.kind === 'read'
        ? this.#dialect.read(key)
        : this.#dialect.write(
            key,
            encodeValue({ key, writer: this.#writer, sequence }, valueBytes),
          );
    return http.request(request.method, this.#entry + request.path, request.body || null, {
      headers: { ...request.headers },
      timeout: '5s',
      redirects: 0,
      responseType: 'text',
      // One time series for all keys.
      tags: { name: `${request.method} /v1/kv/:key` },
    });
  }

  #judge({ operation, sequence, floor }: Asked, response: RefinedResponse<'text'>): Judgement {
    const { status, error, error_code: code, body } = response;
    if (status === 0) {
      if (refusedCodes.includes(code)) return failure('refused', error);
      return failure(timeoutCodes.includes(code) ? 'timeout' : 'reset', error);
    }
    const { kind, keyIndex } = operation;
    const judgement = this.#dialect.judge(kind, keyName(keyIndex), status, body ?? '');
    if (judgement.cause !== null) return judgement;
    if (kind === 'write') this.#acknowledged.set(keyIndex, sequence);
    const { stamp } = judgement;
    if (stamp !== null && stamp.writer === this.#writer) {
      if (stamp.sequence >= this.#sequence) return failure('wrong_value', 'never written');
      if (stamp.sequence < floor) metrics.stale.add(1, this.#tags());
    }
    return judgement;
  }

  /** Phase and second by the time of the answer, as everywhere in the bench. */
  #tags(): Record<string, string> {
    if (exec.scenario.name !== 'measure') return { phase: 'warmup' };
    const elapsedS = (Date.now() - exec.scenario.startTime) / 1000;
    if (elapsedS >= this.#settings.measureS) return { phase: 'drain' };
    return { phase: 'measure', second: String(Math.floor(elapsedS)) };
  }

  #count({ operation }: Asked, { cause, stamp, fault }: Judgement, waitedMs: number): void {
    const nowMs = Date.now();
    const tags = this.#tags();
    const op = operation.kind;
    const isWrong = cause === 'wrong_value' || cause === 'bad_body';
    check(null, { 'every answer is the right one': () => !isWrong }, tags);
    metrics.wrongValues.add(Number(isWrong), tags);
    metrics.failRate.add(cause !== null, tags);
    metrics.waitMs.add(waitedMs, tags);
    metrics.thinkMs.add(nowMs - this.#idleSinceMs - waitedMs, tags);
    this.#idleSinceMs = nowMs;
    if (cause !== null) {
      metrics.failed.add(1, { ...tags, op, cause });
      console.warn(`${op} ${keyName(operation.keyIndex)}: ${cause}: ${fault}`);
      return;
    }
    metrics.successMs.add(waitedMs, tags);
    (op === 'read' ? metrics.readMs : metrics.writeMs).add(waitedMs, tags);
    if (stamp !== null) metrics.verified.add(1, tags);
  }
}

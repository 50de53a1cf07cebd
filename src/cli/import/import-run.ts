/** Keys on their way from a file to the nodes, and what is told of them. */
import type { Client } from '../../client/client.ts';
import type { BatchResult } from '../../client/types.ts';
import { DsmError } from '../../core/errors.ts';
import { jsonBytesMax } from '../../http/json-bodies.ts';
import { writeErrorLine, writeLine } from '../output.ts';
import { type Found, itemOf, type Put } from './items.ts';

/** Of one request: far from the limits of a batch. */
const itemsMax = 200;
const bytesMax = 2 * 1024 * 1024;

/** No node takes more in one request: what is longer is not even made into one. */
const valueBytesMax = jsonBytesMax;

export interface ImportOptions {
  /** Only keys that are not there. */
  readonly ifAbsent: boolean;
  /** Unix time in ms. */
  now(): number;
}

/** Of what was not stored as it was: how much, and the first of it. */
interface Remark {
  count: number;
  readonly keys: string[];
}

const shownKeysMax = 3;
/** Those of Redis may be as long as values. */
const shownUnitsMax = 200;

export class ImportRun {
  readonly #client: Pick<Client, 'batch'>;
  readonly #options: ImportOptions;
  readonly #counts = { stored: 0, skipped: 0, failed: 0, leftOut: 0, expired: 0 };
  readonly #remarks = new Map<string, Remark>();
  #puts: Put[] = [];
  #bytes = 0;

  constructor(client: Pick<Client, 'batch'>, options: ImportOptions) {
    this.#client = client;
    this.#options = options;
  }

  get isComplete(): boolean {
    return this.#counts.failed + this.#counts.leftOut === 0;
  }

  async take(found: Found): Promise<void> {
    if (found.kind === 'put') return this.#add(found.put);
    const isLeftOut = found.kind === 'left-out';
    if (isLeftOut) this.#counts.leftOut += 1;
    const text = isLeftOut ? `left out: ${found.what}` : found.what;
    const remark = this.#remarks.get(text) ?? { count: 0, keys: [] };
    this.#remarks.set(text, remark);
    remark.count += 1;
    if (remark.keys.length < shownKeysMax && found.key !== '') remark.keys.push(found.key);
  }

  async #add(put: Put): Promise<void> {
    const { length } = put.value;
    if (length > valueBytesMax) {
      const reason = `a value of ${length} bytes; a request has at most ${valueBytesMax}`;
      return this.#onFailed(put.key, reason);
    }
    const size = put.key.length + length;
    const isFull = this.#puts.length === itemsMax || this.#bytes + size > bytesMax;
    if (isFull) await this.flush();
    this.#puts.push(put);
    this.#bytes += size;
  }

  async flush(): Promise<void> {
    const puts = this.#puts;
    this.#puts = [];
    this.#bytes = 0;
    if (puts.length === 0) return;
    try {
      await this.#store(puts);
    } catch (error) {
      // The nodes begin no batch with an item that they refuse: which one it is shows when each is
      // sent alone.
      if (!isRefusal(error)) throw error;
      if (puts.length > 1) for (const put of puts) await this.#storeAlone(put);
      else await this.#onFailed(puts[0]?.key ?? '', error.message);
    }
  }

  async #storeAlone(put: Put): Promise<void> {
    try {
      await this.#store([put]);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#onFailed(put.key, error.message);
    }
  }

  async #store(puts: readonly Put[]): Promise<void> {
    const condition = this.#options.ifAbsent ? { if: { exists: false } } : {};
    const nowMs = this.#options.now();
    const items = puts.flatMap((put) => itemOf(put, nowMs) ?? []);
    if (items.length > 0) {
      const results = await this.#client.batch(items.map((item) => ({ ...item, ...condition })));
      for (const result of results) await this.#onResult(result);
    }
    // Behind what may throw, since it is done again then, each put alone.
    this.#counts.expired += puts.length - items.length;
  }

  async #onResult(result: BatchResult): Promise<void> {
    if (result.ok) this.#counts.stored += 1;
    else if (result.error.code === 'precondition_failed') this.#counts.skipped += 1;
    else await this.#onFailed(result.key, result.error.message);
  }

  async #onFailed(key: string, reason: string): Promise<void> {
    this.#counts.failed += 1;
    await writeErrorLine(`dsm import: ${brief(key)}: ${reason}`);
  }

  /** The file cannot be gone on with, or nobody answers. */
  async tellBroken(): Promise<void> {
    const { stored } = this.#counts;
    if (stored > 0) await writeErrorLine(`dsm import: ${stored} keys were stored before this:`);
  }

  async tell(json: boolean): Promise<void> {
    for (const [text, { count, keys }] of this.#remarks) {
      const shown = keys.map(brief).join(', ');
      const more = count > keys.length && keys.length > 0 ? ', …' : '';
      await writeErrorLine(`dsm import: ${text} (${count}${shown && `: ${shown}${more}`})`);
    }
    const { stored, skipped, failed, leftOut, expired } = this.#counts;
    const rest = [
      ...(leftOut > 0 ? [`, left out ${leftOut}`] : []),
      ...(expired > 0 ? [`, expired before ${expired}`] : []),
    ];
    const text = `OK stored ${stored}, skipped ${skipped}, failed ${failed}${rest.join('')}`;
    await writeLine(json ? JSON.stringify(this.#counts) : text);
  }
}

function brief(key: string): string {
  return JSON.stringify(key.length > shownUnitsMax ? `${key.slice(0, shownUnitsMax)}…` : key);
}

/** Certainly not stored, because of what it is. */
function isRefusal(error: unknown): error is DsmError {
  return error instanceof DsmError && (error.status === 400 || error.status === 413);
}

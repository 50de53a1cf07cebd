/**
 * Looks at a snapshot without keeping it: is it whole and undamaged, and what is in it? Needs as much
 * memory as its largest frame. The state hash is summed up again from the parts, so that not only
 * every frame is as it was written, but all of them together are.
 */
import { entryOf } from './entries.ts';
import { hashOfRequest } from './requests.ts';
import { hashOfLock, hashOfSession, type Lock, type Session } from './sessions.ts';
import {
  type SnapshotHeader,
  SnapshotReader,
  type SnapshotSink,
  type SnapshotTimes,
} from './snapshot-reader.ts';
import { hashOfState } from './state-hash.ts';
import type { EntryContent, Remembered } from './store.ts';

export interface SnapshotSummary extends SnapshotHeader, SnapshotTimes {
  /** Of the whole snapshot, and of keys and values. */
  readonly bytes: number;
  readonly dataBytes: number;
  readonly keys: number;
  readonly sessions: number;
  readonly locks: number;
  /** Requests whose results are remembered. */
  readonly requests: number;
  readonly stateHash: number;
}

const encoder = new TextEncoder();

export class SnapshotCheck implements SnapshotSink {
  readonly #reader = new SnapshotReader(this);
  #head: (SnapshotHeader & SnapshotTimes) | null = null;
  #bytes = 0;
  #dataBytes = 0;
  #keys = 0;
  #sessions = 0;
  #locks = 0;
  #requests = 0;
  #hash = 0;

  /** Takes the next bytes. Throws a FrameError where they are damaged. */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#reader.push(chunk);
  }

  onHeader(header: SnapshotHeader, times: SnapshotTimes): void {
    this.#head = { ...header, ...times };
  }

  onEntry(key: string, content: EntryContent): void {
    this.#keys += 1;
    this.#dataBytes += encoder.encode(key).length + content.value.length;
    this.#count(entryOf(key, content).hash);
  }

  onRequest(id: string, request: Remembered): void {
    this.#requests += 1;
    this.#count(hashOfRequest(id, request));
  }

  onSession(id: number, session: Session): void {
    this.#sessions += 1;
    this.#count(hashOfSession(id, session));
  }

  onLock(name: string, lock: Lock): void {
    this.#locks += 1;
    this.#count(hashOfLock(name, lock));
  }

  #count(hash: number): void {
    this.#hash = (this.#hash + hash) >>> 0;
  }

  /** Throws a FrameError where the end is missing, or the parts are not what the end says. */
  finish(): SnapshotSummary {
    const stateHash = this.#reader.finish();
    if (this.#head === null || stateHash !== hashOfState(this.#hash, this.#head)) {
      throw this.#reader.notWhatItNames();
    }
    return {
      ...this.#head,
      bytes: this.#bytes,
      dataBytes: this.#dataBytes,
      keys: this.#keys,
      sessions: this.#sessions,
      locks: this.#locks,
      requests: this.#requests,
      stateHash,
    };
  }
}

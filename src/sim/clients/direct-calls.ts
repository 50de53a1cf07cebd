/** The calls of `calls.ts` by the interface of a node, as its HTTP app makes them. */
import { prefixRange } from '../../core/key-range.ts';
import type { SessionCommand } from '../../core/session-command.ts';
import type { NodeApi } from '../../node/api.ts';
import type { Watch } from '../../node/watcher.ts';
import { showChange } from '../model/oracle.ts';
import type { SimClock } from '../sim-clock.ts';
import {
  type PollCall,
  type SessionCall,
  type StateReply,
  type StateWire,
  showResults,
  type Txn,
} from './calls.ts';

type Reply = (reply: StateReply) => void;

export const directCalls: StateWire = ({ node, clock }, call, reply) => {
  switch (call.kind) {
    case 'txn':
      return transact(node, call.txn, call.requestId, reply);
    case 'session':
      return hold(node, call.call, call.requestId, reply);
    case 'list':
      return list(node, call.prefix, reply);
    case 'poll':
      return poll(node, clock, call, reply);
  }
};

const request = (id: string) => ({ id, payloadHash: 1, keyRevision: 0 });
const linearizable = { consistency: 'linearizable', minRevision: 0 } as const;
const listBytesMax = 1e6;
const decoder = new TextDecoder();

function transact(node: NodeApi, txn: Txn, requestId: string, reply: Reply): void {
  node.write({ kind: 'txn', ...txn, request: request(requestId) }, (error, result) => {
    if (error !== null || result === null) return reply(failed(error));
    const { status, revision } = result;
    reply({ kind: 'done', status, revision, results: showResults(result), isExact: true });
  });
}

function hold(node: NodeApi, call: SessionCall, requestId: string, reply: Reply): void {
  const { act, session, lock, ttlMs, waitMs } = call;
  const common = { kind: 'session', act, session, lock, ttlMs, ttlLsn: 0 } as const;
  const command: SessionCommand = { ...common, request: request(requestId) };
  node.write(command, (error, result) => {
    if (error !== null || result === null) return reply(failed(error));
    const { status, revision } = result;
    const answer = { kind: 'done', status, revision, results: [], isExact: true } as const;
    if (act !== 'acquire' || (status !== 'acquired' && status !== 'queued')) return reply(answer);
    // A repeated request is told how it ended first: who has the lock now must be asked.
    node.awaitLock(lock, session, waitMs, (waitError, token) => {
      if (waitError !== null) return reply(failed(waitError));
      const now = token === null ? 'queued' : 'acquired';
      reply({ ...answer, status: now, revision: token, isExact: false });
    });
  });
}

function failed(error: { readonly outcome: 'not-applied' | 'unknown' } | null): StateReply {
  return { kind: 'failed', outcome: error?.outcome ?? 'unknown' };
}

function list(node: NodeApi, prefix: string, reply: Reply): void {
  const shape = { isReverse: false, after: null, limit: Infinity, bytesMax: listBytesMax };
  const query = { ...shape, range: prefixRange(prefix), hasValues: true };
  node.list(query, linearizable, (error, page) => {
    if (error !== null || page === null) return reply(failed(error));
    const shown = page.entries.map(({ key, value }) => `${key}=${decoder.decode(value)}`);
    reply({ kind: 'listed', revision: page.revision, shown });
  });
}

function poll(node: NodeApi, clock: SimClock, call: PollCall, reply: Reply): void {
  const { prefix, from, waitMs } = call;
  node.watch({ kind: 'prefix', prefix }, from, linearizable, (error, watch) => {
    if (error !== null || watch === null) return reply(failed(error));
    let hasEnded = false;
    // To close a watch wakes whoever waits for it, which is this same poll.
    const end = (said: StateReply) => {
      if (hasEnded) return;
      hasEnded = true;
      watch.close();
      reply(said);
    };
    if (watch.isReset) return end({ kind: 'gone' });
    let isLate = false;
    const take = () => {
      const changes = changesOf(watch);
      if (changes.length === 0 && !watch.isOver && !isLate) return watch.onReady(take);
      timer.cancel();
      end({ kind: 'polled', revision: watch.revision, changes });
    };
    const timer = clock.setTimer(waitMs, () => {
      isLate = true;
      take();
    });
    take();
  });
}

/** All that there is: a poll is never cut in the middle of what is known. */
function changesOf(watch: Watch): string[] {
  const changes: string[] = [];
  for (let hasMore = true; hasMore; ) {
    const batch = watch.take(listBytesMax);
    for (const event of batch.events) {
      if (event.kind !== 'change') continue;
      const { change } = event;
      const text = change.kind === 'put' ? decoder.decode(change.value) : null;
      changes.push(showChange({ ...change, text }));
    }
    hasMore = batch.hasMore;
  }
  return changes;
}

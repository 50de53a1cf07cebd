/** Events of watches as they are sent: as Server-Sent Events, and as JSON to who polls. */
import type { Change } from '../core/history.ts';
import type { WatchEvent } from '../node/watcher.ts';
import { jsonValueOf, type ValueMode } from './json-values.ts';

/** A change as JSON; its name (`put`, `delete`, `expire`) stands beside it. */
export function jsonChangeOf(change: Change, values: ValueMode) {
  const { key, revision } = change;
  if (change.kind !== 'put') return { key, revision };
  const { contentType, value } = change;
  return { key, revision, contentType, bytes: value.length, ...jsonValueOf(value, values) };
}

/** How long a browser waits before it connects again, in the first bytes of a stream. */
export const retryField = 'retry: 1000\n\n';

export function encodeEvents(events: readonly WatchEvent[], values: ValueMode): string {
  return events.map((event) => encodeEvent(event, values)).join('');
}

/** What is told before `synced` is no place to resume: it has no id. */
function encodeEvent(event: WatchEvent, values: ValueMode): string {
  if (event.kind === 'change') {
    return block(event.change.kind, event.resumeFrom, jsonChangeOf(event.change, values));
  }
  const { kind, revision } = event;
  return block(kind, kind === 'synced' ? revision : null, { revision });
}

/** Nothing has changed up to `revision`: it is as good a place to resume as the last change. */
export function encodeBookmark(revision: number): string {
  return block('bookmark', revision, { revision });
}

/** Clients pass over it: it says only that the stream is alive. */
export const commentField = ': still reading the log\n\n';

function block(name: string, id: number | null, data: object): string {
  const idField = id === null ? '' : `id: ${id}\n`;
  return `${idField}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

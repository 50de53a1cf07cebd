/** Calls between nodes on the wire: which path each one has, and how a message becomes a header. */
import type { PeerCallName } from '../ports/peers.ts';

export interface PeerPath {
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

const get = (path: string): PeerPath => Object.freeze({ method: 'GET', path });
const post = (path: string): PeerPath => Object.freeze({ method: 'POST', path });

export const peerPaths: Readonly<Record<PeerCallName, PeerPath>> = Object.freeze({
  append: post('/peer/append'),
  promise: post('/peer/promise'),
  probe: post('/peer/probe'),
  handoff: post('/peer/handoff'),
  register: post('/peer/register'),
  'read-index': post('/peer/read-index'),
  read: post('/peer/read'),
  hello: get('/peer/hello'),
  log: get('/log'),
  'log-offset': get('/log/offset'),
  snapshot: get('/snapshot'),
});

export const peerCallNames = Object.keys(peerPaths) as readonly PeerCallName[];

const beyondAscii = /[^ -~]/g;

/** JSON that may stand in a header: what is not ASCII is escaped. */
export function toHeaderJson(message: object): string {
  const json = JSON.stringify(message);
  return json.replace(beyondAscii, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The object that `json` says; null where it says none. */
export function parseObject(json: string): object | null {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && !Array.isArray(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** The calls of `/v1/unstorage/`, which the stock HTTP driver of unstorage makes. */
import { bodies, type Call, changes, reads, stored } from './call.ts';
import * as p from './parameters.ts';

const path = '/v1/unstorage/{key}';
const common = [p.unstorageKey, p.base];

export const unstorageCalls: readonly Call[] = [
  {
    ...{ id: 'unstorageRead', method: 'get', path, summary: 'A value, or the keys of a base' },
    parameters: [...common, ...p.reading, p.isHeld],
    answers: {
      200: {
        description: 'the value; the keys, where the key ends with ":" or "/"',
        content: {
          'text/plain': 'text',
          'application/octet-stream': 'bytes',
          'application/json': 'UnstorageKeys',
        },
        headers: ['ETag', 'Dsm-Expires-In', 'X-Ttl'],
      },
      304: stored('it is as the client holds it'),
    },
    errors: [...reads, 'invalid_key', 'not_found', 'too_large'],
  },
  {
    ...{ id: 'unstorageWrite', method: 'put', path, summary: 'Store a value' },
    parameters: [...common, p.unstorageTtl, ...p.conditions, p.idempotencyKey],
    body: { '*/*': 'bytes' },
    answers: { 200: stored('it was changed'), 201: stored('it was made') },
    errors: [...changes, ...bodies, 'invalid_key', 'precondition_failed'],
  },
  {
    ...{ id: 'unstorageRemove', method: 'delete', path },
    summary: 'Delete a key, or all keys of a base',
    parameters: [...common, ...p.conditions, p.idempotencyKey],
    answers: { 204: { description: 'it is gone, or was not there' } },
    errors: [...changes, 'invalid_key', 'precondition_failed'],
  },
];

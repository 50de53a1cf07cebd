/** The peers' own words for READ and WRITE. */
import { type Dialect, failure, judgeStatus, judgeValue, judgeWrite } from '../workload/dialect.ts';
import { decodeValue } from '../workload/value.ts';

const jsonHeaders = Object.freeze({ 'content-type': 'application/json' });

/** etcd's JSON gateway: keys and values in base64, a linearizable range for a read. */
export function createEtcdDialect(valueBytes: number): Dialect {
  const post = (path: string, body: object) =>
    ({ method: 'POST', path, headers: jsonHeaders, body: JSON.stringify(body) }) as const;
  return {
    name: 'etcd',
    read: (key) => post('/v3/kv/range', { key: btoa(key) }),
    write: (key, value) => post('/v3/kv/put', { key: btoa(key), value: btoa(value) }),
    judge(kind, key, status, body) {
      if (kind === 'write') return judgeWrite(status, [200]);
      const bad = judgeStatus(status);
      if (bad !== null) return bad;
      const value = /"value":"([^"]*)"/.exec(body)?.[1];
      if (value === undefined) return failure('bad_body', 'no value in the answer');
      return judgeValue(decodeValue(atob(value), key, valueBytes));
    },
  };
}

/** Webdis: a Redis command in the path; `.txt` answers with the bare value. */
export function createWebdisDialect(valueBytes: number): Dialect {
  const headers = Object.freeze({});
  return {
    name: 'webdis',
    read: (key) => ({ method: 'GET', path: `/GET/${key}.txt`, headers, body: '' }),
    // The body of a PUT is the last argument of the command.
    write: (key, value) => ({ method: 'PUT', path: `/SET/${key}`, headers, body: value }),
    judge(kind, key, status, body) {
      if (status === 200 && kind === 'write') {
        if (body.includes('OK')) return judgeWrite(status, [200]);
        return failure('bad_body', `SET answered ${body.slice(0, 80)}`);
      }
      if (status === 200) return judgeValue(decodeValue(body, key, valueBytes));
      return judgeStatus(status) ?? failure('http_other', `status ${status}`);
    },
  };
}

/** A server that does nothing: there is no value to verify, only a status. */
export function createNoopDialect(): Dialect {
  const headers = Object.freeze({});
  return {
    name: 'noop',
    read: (key) => ({ method: 'GET', path: `/v1/kv/${key}`, headers, body: '' }),
    write: (key, value) => ({ method: 'PUT', path: `/v1/kv/${key}`, headers, body: value }),
    judge: (_kind, _key, status) => judgeWrite(status, [200, 201, 204]),
  };
}

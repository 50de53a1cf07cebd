/** Names of headers, lower case, in one place. */
export const headerNames = Object.freeze({
  node: 'dsm-node',
  role: 'dsm-role',
  epoch: 'dsm-epoch',
  revision: 'dsm-revision',
  /** Seconds until the key's lifetime ends, on a READ of one that has a lifetime. */
  expiresIn: 'dsm-expires-in',
  /** Base URL of the active master, on answers that could not be served here. */
  master: 'dsm-master',
  /** `1` on a call that was forwarded once: it is not forwarded again. */
  noForward: 'dsm-no-forward',
  /** The revision that the client had seen when it made its idempotency key. */
  keyRevision: 'dsm-key-revision',
  idempotencyKey: 'idempotency-key',
  /** On calls of `/v1/unstorage/`: their keys are those below it, as if there were no others. */
  base: 'dsm-base',
  /** JSON message of a call between nodes. */
  message: 'dsm-message',
  /** The cluster secret, on calls between nodes. */
  secret: 'dsm-secret',
  /** On `/log` and `/log/offset`, for people. */
  cluster: 'dsm-cluster',
  lastLsn: 'dsm-last-lsn',
  committedLsn: 'dsm-committed-lsn',
});

/** Of a value that was stored without one. Browsers neither show nor run it. */
export const defaultContentType = 'application/octet-stream';

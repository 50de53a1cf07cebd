/** The package: the client library. Nothing here needs more than `fetch`; it runs in browsers too. */
export { type Client, createClient } from './client/client.ts';
export type { Lock } from './client/lock.ts';
export { SchemaError } from './client/schema.ts';
export type { Session } from './client/session.ts';
export type { OperationList, Transaction } from './client/txn.ts';
export type {
  BatchItem,
  BatchResult,
  CallOptions,
  ClientOptions,
  Compare,
  Conflict,
  Consistency,
  Deleted,
  DeletePrecondition,
  ElectOptions,
  Entry,
  Environment,
  GetOptions,
  Incremented,
  IncrementOptions,
  KeyRange,
  Leadership,
  ListOptions,
  LockOptions,
  MasterChange,
  MutationOptions,
  Operation,
  OperationResult,
  Precondition,
  PutOptions,
  SessionOptions,
  TxnResult,
  Value,
  WatchEvent,
  WatchOptions,
  Written,
} from './client/types.ts';
export { DsmError, type ErrorCode, type Outcome } from './core/errors.ts';
export type { MemberStatus, NodeStatus } from './node/api.ts';

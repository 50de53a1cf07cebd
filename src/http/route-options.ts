/** What routes are made of; each of them takes what it needs. */
import type { NodeApi } from '../node/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { Answers } from './answers.ts';
import type { BodyReader } from './bodies.ts';
import type { Changes } from './changes.ts';
import type { Forwarder } from './forward.ts';
import type { SecretCheck } from './secret.ts';

export interface RouteOptions {
  readonly node: NodeApi;
  readonly answers: Answers;
  readonly bodies: BodyReader;
  /** For changes of the store. */
  readonly changes: Changes;
  /** For other calls that only the active master can serve. */
  readonly forwarder: Forwarder;
  readonly clock: Clock;
  readonly checkSecret: SecretCheck;
}

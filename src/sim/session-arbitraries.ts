/** Random commands about sessions and locks, for property tests. */
import fc from 'fast-check';
import type { SessionCommand } from '../core/session-command.ts';

export const sessionCommand: fc.Arbitrary<SessionCommand> = fc.record({
  kind: fc.constant('session' as const),
  act: fc.constantFrom(
    ...(['create', 'keep-alive', 'revoke', 'expire', 'acquire', 'leave', 'release'] as const),
  ),
  session: fc.integer({ min: 0, max: 8 }),
  lock: fc.constantFrom('', 'l', 'm'),
  ttlMs: fc.constantFrom(10, 1000),
  ttlLsn: fc.integer({ min: 0, max: 20 }),
  request: fc.option(
    fc.record({
      id: fc.constantFrom('s1', 's2'),
      payloadHash: fc.constant(1),
      keyRevision: fc.constant(0),
    }),
  ),
});

import { expect, test } from 'vitest';
import { formatVersion } from '../core/frame.ts';
import type { Append } from '../core/messages.ts';
import { encodeBatch } from '../core/record.ts';
import type { Logger } from '../ports/logger.ts';
import type { PeerAnswer } from '../ports/peers.ts';
import { withBody } from '../sim/fixtures.ts';
import { World } from '../sim/world.ts';

test('a slave that cannot read what a later version writes says so to a person, once', () => {
  const errors: string[] = [];
  const ignore = () => {};
  const logger: Logger = {
    ...{ debug: ignore, info: ignore, warn: ignore },
    error: (message) => void errors.push(message),
  };
  const world = new World({ seed: 1, masters: 1, slaves: 1, logger: () => logger });
  world.startAll();
  world.ready();
  const slave = world.node('s1');
  const { log, clusterId, promised: epoch } = slave.inspect();
  const append: Append = {
    ...{ clusterId, epoch, masterId: world.node('m1').nodeId, masterUrl: 'http://m1' },
    ...{ prev: log.last, committedLsn: log.lastLsn, startLsn: 1, leaseMs: 0 },
  };
  const { bytes } = encodeBatch([{ kind: 'tick' }], log.lastLsn + 1, epoch, 0);
  const send = (body: Uint8Array) => {
    const answers: PeerAnswer[] = [];
    slave.onPeerCall('append', append, body, (answer) => void answers.push(answer));
    return answers[0]?.message;
  };
  const later = withBody(bytes, 0, formatVersion + 1);
  expect(send(later)).toMatchObject({ reason: 'version' });
  expect(send(withBody(bytes, 1, 99))).toMatchObject({ reason: 'version' });
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('install the one');
  const damaged = bytes.slice();
  damaged[9] = 77;
  expect(send(damaged)).toMatchObject({ reason: 'damaged' });
  // It comes back, and goes again.
  expect(send(new Uint8Array(0))).toMatchObject({ epoch });
  send(later);
  expect(errors).toHaveLength(2);
});

/** A slave that hears of its master no more, and an append that commits the tick that it carries. */
function beforeAppend() {
  const world = new World({ seed: 1, masters: 1, slaves: 1 });
  world.startAll();
  world.ready();
  const slave = world.node('s1');
  const voter = slave.inspect();
  const { clusterId, promised: epoch } = voter;
  const prev = voter.log.last;
  const lsn = prev.lsn + 1;
  world.network.cut('m1', 's1');
  const append: Append = {
    ...{ clusterId, epoch, masterId: world.node('m1').nodeId, masterUrl: 'http://m1' },
    ...{ prev, committedLsn: lsn, startLsn: 1, leaseMs: 0 },
  };
  const logTimeMs = slave.logTimeMs() + 5000;
  const { bytes } = encodeBatch([{ kind: 'tick' }], lsn, epoch, logTimeMs);
  const send = () => {
    slave.onPeerCall('append', append, bytes, ({ status, message }) => {
      expect([status, message]).toMatchObject([200, { ackedLsn: lsn, appliedLsn: lsn }]);
    });
    return voter.storeAsApplied.appliedLsn;
  };
  return { world, slave, voter, lsn, logTimeMs, send };
}

test('an ACK is given before what it commits is applied, which follows by itself', () => {
  const { world, slave, voter, lsn, send } = beforeAppend();
  expect(send()).toBe(lsn - 1);
  expect(slave.appliedLsn).toBe(lsn);
  world.run(world.limits.applyMs + 1);
  expect(voter.storeAsApplied.appliedLsn).toBe(lsn);
});

test("the log's time is shown as new as the state", () => {
  const { slave, logTimeMs, send } = beforeAppend();
  send();
  expect(slave.logTimeMs()).toBe(logTimeMs);
});

test('what somebody waits for is applied with the ACK', () => {
  const { slave, lsn, send } = beforeAppend();
  const stale = { consistency: 'stale', minRevision: lsn } as const;
  let isAnswered = false;
  slave.read('k', stale, () => {
    isAnswered = true;
  });
  expect(isAnswered).toBe(false);
  expect(send()).toBe(lsn);
  expect(isAnswered).toBe(true);
});

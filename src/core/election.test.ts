import { describe, expect, test } from 'vitest';
import { config, logOf, makeVoter, members, puts, records } from '../sim/fixtures.ts';
import { type Ask, Election } from './election.ts';
import type { Log } from './log.ts';
import type { Position, PromiseGrant } from './messages.ts';
import type { Configs } from './quorum.ts';

const at = (epoch: number, lsn: number): Position => ({ epoch, lsn });

/** A candidate m1 and the answers that it gets. */
class Attempt {
  readonly election: Election;
  readonly voter: ReturnType<typeof makeVoter>;
  nowMs = 0;

  constructor(log: Log, options: Parameters<typeof makeVoter>[1] = {}, urls: string[] = []) {
    this.voter = makeVoter('m1', { log, hasDisk: true, ...options });
    this.election = new Election(this.voter, urls, null);
  }

  ask(nodeId: string): Ask {
    const name = this.election.phase === 'probing' ? 'probe' : 'promise';
    return { url: `http://${nodeId}`, name, request: this.election.request };
  }

  grant(
    nodeId: string,
    last: Position,
    options: { committedLsn?: number; configs?: Configs } = {},
  ) {
    const grant: PromiseGrant = {
      nodeId,
      epoch: this.election.epoch,
      last,
      committedLsn: options.committedLsn ?? 0,
      configs: options.configs ?? [],
      configLsn: 0,
    };
    this.election.onGranted(this.ask(nodeId), grant, this.nowMs);
  }

  refuse(nodeId: string, promised: number, remainingMs = 0, configs: Configs = []) {
    const refusal = { nodeId, promised, remainingMs, configs };
    this.election.onRefused(this.ask(nodeId), refusal, this.nowMs);
  }

  claim(): this {
    this.election.claim();
    this.election.isOwnPromiseSynced = true;
    return this;
  }

  asked(): string[] {
    return this.election.takeAsks(this.nowMs).map(({ url }) => url.replace('http://', ''));
  }
}

/** Three voters; the last record is (1, 3). */
const threeLog = () => logOf('m1 m2 s1', puts(2, 2));

describe('probing', () => {
  test('claims no epoch, and asks everybody it knows or is told of', () => {
    const attempt = new Attempt(threeLog(), {}, ['http://s2', 'http://m1']);
    expect(attempt.asked().sort()).toEqual(['m2', 's1', 's2']);
    expect(attempt.asked()).toEqual([]);
    expect(attempt.voter.promised).toBe(1);
    attempt.election.learnUrl('http://s9');
    expect(attempt.asked()).toEqual(['s9']);
  });

  test('would win with a majority that includes itself', () => {
    const attempt = new Attempt(threeLog());
    expect(attempt.election.wouldWin(0)).toBe(false);
    attempt.grant('s1', at(1, 3));
    expect(attempt.election.wouldWin(0)).toBe(true);
  });

  test('L4: is judged by the voters of the highest log seen, not by its own old list', () => {
    const attempt = new Attempt(threeLog());
    const configs = [members('m1 m2 s4 s5 s6')];
    attempt.grant('s4', at(2, 9), { configs });
    expect(attempt.asked()).toEqual(expect.arrayContaining(['s5', 's6']));
    expect(attempt.election.wouldWin(0)).toBe(false);
    attempt.grant('s5', at(2, 9), { configs });
    expect(attempt.election.wouldWin(0)).toBe(true);
  });

  test('does not win a configuration that does not name it', () => {
    const attempt = new Attempt(threeLog());
    const configs = [members('m2 s1 s2')];
    for (const id of ['s1', 's2', 'm2']) attempt.grant(id, at(2, 9), { configs });
    expect(attempt.election.wouldWin(0)).toBe(false);
  });

  test('waits for its own vow', () => {
    const attempt = new Attempt(threeLog(), { quietUntilMs: 500 });
    attempt.grant('s1', at(1, 3));
    expect(attempt.election.wouldWin(499)).toBe(false);
    expect(attempt.election.wouldWin(500)).toBe(true);
  });

  test('M11: a yes of long ago does not add up with one of now', () => {
    const five = new Attempt(logOf('m1 m2 s1 s2 s3', puts(1, 2)));
    five.asked();
    five.grant('s1', at(1, 2));
    five.nowMs = 5000;
    expect(five.asked()).toContain('s1');
    five.grant('s2', at(1, 2));
    expect(five.election.wouldWin(five.nowMs)).toBe(false);
  });

  test('one who refuses for a vow is asked again when it has run out, not before', () => {
    const attempt = new Attempt(threeLog());
    attempt.asked();
    attempt.refuse('s1', 1, 700);
    expect(attempt.election.nextWakeMs()).toBe(700);
    attempt.nowMs = 699;
    expect(attempt.asked()).toEqual([]);
    attempt.nowMs = 700;
    expect(attempt.asked()).toEqual(['s1']);
  });
});

describe('claiming', () => {
  test('takes an epoch above all seen, and promises it to itself first', () => {
    const attempt = new Attempt(threeLog());
    attempt.refuse('s1', 7);
    attempt.election.claim();
    expect(attempt.election.epoch).toBe(8);
    expect(attempt.voter.promised).toBe(8);
    expect(attempt.voter.writes).toEqual([{ kind: 'meta' }]);
  });

  test('does not win before its own promise is synced', () => {
    const attempt = new Attempt(threeLog());
    attempt.election.claim();
    attempt.grant('s1', at(1, 3));
    expect(attempt.election.hasWon()).toBe(false);
    attempt.election.isOwnPromiseSynced = true;
    expect(attempt.election.hasWon()).toBe(true);
  });

  test('counts no answer to a probe, nor to another epoch', () => {
    const attempt = new Attempt(threeLog());
    const probe = attempt.ask('s1');
    attempt.claim();
    const grant = { nodeId: 's1', last: at(1, 3), committedLsn: 0, configs: [], configLsn: 0 };
    attempt.election.onGranted(probe, { ...grant, epoch: attempt.election.epoch }, 0);
    attempt.election.onGranted(attempt.ask('s1'), { ...grant, epoch: 1 }, 0);
    expect(attempt.election.hasWon()).toBe(false);
  });

  test('H5: a promise of a higher log counts only when that log is adopted', () => {
    const attempt = new Attempt(threeLog()).claim();
    attempt.grant('s1', at(2, 4));
    expect(attempt.election.hasWon()).toBe(false);
    expect(attempt.election.nextAdoption()).toEqual({
      nodeId: 's1',
      url: 'http://s1',
      target: at(2, 4),
    });
    attempt.voter.takeRecords(at(1, 3), puts(1, 4, 2));
    expect(attempt.election.nextAdoption()).toBeNull();
    expect(attempt.election.hasWon()).toBe(true);
  });

  test('H5: the highest of several logs is adopted, and again when a better one comes', () => {
    const attempt = new Attempt(threeLog()).claim();
    attempt.grant('s1', at(1, 9));
    expect(attempt.election.nextAdoption()?.nodeId).toBe('s1');
    attempt.grant('s2', at(2, 4));
    expect(attempt.election.nextAdoption()?.nodeId).toBe('s2');
  });

  test('H5: a promise whose log cannot be read does not count, and is asked for again', () => {
    const attempt = new Attempt(threeLog()).claim();
    attempt.asked();
    attempt.grant('s1', at(2, 4));
    attempt.election.dropGrant('s1', 0);
    expect(attempt.election.nextAdoption()).toBeNull();
    expect(attempt.election.hasWon()).toBe(false);
    attempt.nowMs = 100;
    expect(attempt.asked()).toEqual(['s1']);
  });

  test('a learner’s promise counts for nothing', () => {
    const attempt = new Attempt(threeLog()).claim();
    attempt.grant('s8', at(1, 3));
    attempt.grant('s9', at(1, 3));
    expect(attempt.election.hasWon()).toBe(false);
  });

  test('C1: an uncommitted change needs a quorum of the old configuration too', () => {
    const change = records([config('m1 m2 s1', 'm1 s1')], 2);
    const attempt = new Attempt(logOf('m1 m2 s1', change)).claim();
    // m1 is "every master" of the new configuration, but nobody's quorum in the old one.
    expect(attempt.election.hasWon()).toBe(false);
    attempt.grant('s1', at(1, 2));
    expect(attempt.election.hasWon()).toBe(true);
  });

  test('a promise that knows the change to be committed makes it so for the candidate', () => {
    const change = records([config('m1 m2 s1', 'm1 s1')], 2);
    const attempt = new Attempt(logOf('m1 m2 s1', change)).claim();
    attempt.grant('s9', at(1, 2), { committedLsn: 2 });
    expect(attempt.election.hasWon()).toBe(true);
  });

  test('every master is a quorum: the way back after a power cut', () => {
    const attempt = new Attempt(logOf('m1 m2 s1 s2 s3', puts(1, 2))).claim();
    expect(attempt.election.hasWon()).toBe(false);
    attempt.grant('m2', at(1, 2));
    expect(attempt.election.hasWon()).toBe(true);
  });

  test('is overtaken by any higher promise', () => {
    const attempt = new Attempt(threeLog()).claim();
    expect(attempt.election.isOvertaken).toBe(false);
    attempt.refuse('s1', attempt.election.epoch + 1);
    expect(attempt.election.isOvertaken).toBe(true);
  });

  test('is overtaken by a record of its epoch: another candidate has won it', () => {
    const log = threeLog();
    const attempt = new Attempt(log).claim();
    const { epoch } = attempt.election;
    for (const record of records([{ kind: 'epoch-start', nodeId: 'm2' }], 4, epoch)) {
      log.append(record);
    }
    expect(attempt.election.isOvertaken).toBe(true);
  });

  test('loses what it gathered when it has itself promised a higher epoch', () => {
    const attempt = new Attempt(threeLog()).claim();
    attempt.grant('s1', at(1, 3));
    attempt.voter.promise(attempt.election.epoch + 1, 'm2');
    expect(attempt.election.hasWon()).toBe(false);
  });

  test('late answers to its probes neither ask again nor wake it', () => {
    const attempt = new Attempt(threeLog());
    const probe = attempt.ask('s1');
    attempt.claim();
    attempt.asked();
    attempt.grant('s1', at(2, 9));
    attempt.election.onUnanswered(probe, 0);
    expect(attempt.election.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

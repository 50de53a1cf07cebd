import { describe, expect, test } from 'vitest';
import { Scenario } from './scenario.ts';

const votersOf = ({ world }: Scenario, name = 'm1') =>
  world
    .node(name)
    .status()
    .members.filter(({ voter }) => voter)
    .map(({ nodeId }) => nodeId);

/** The active master's call to remove a node; the code of its error. */
const remove = (story: Scenario, nodeId: string, at = story.active) =>
  story.admin((done) => story.world.node(at).removeMember(nodeId, done));

describe('slaves that go', () => {
  test('one that is dead for removeMs is removed, while a majority answers', () => {
    const story = Scenario.ready();
    story.world.crash('s3');
    story.world.run(9000);
    expect(votersOf(story)).toHaveLength(5);
    story.world.run(2000);
    expect(votersOf(story)).toHaveLength(4);
    story.expectHealthy();
  });

  test('one that was paused so long that it was removed comes back by itself, as a voter', () => {
    const story = Scenario.ready();
    const { nodeId } = story.world.node('s3');
    story.world.pause('s3', 14_000);
    story.world.run(12_000);
    expect(votersOf(story)).not.toContain(nodeId);
    story.writes(5);
    story.world.run(3000);
    story.expectHealthy();
    expect(votersOf(story)).toContain(nodeId);
  });

  test('M2: a master cut off from living slaves does not shrink the cluster to itself', () => {
    const story = Scenario.ready({ masters: 1, slaves: 3 });
    story.world.partition(['m1']);
    story.world.run(60_000);
    expect(votersOf(story)).toHaveLength(4);
    expect(story.outcome('m1')).toBe('no_quorum not-applied');
    story.world.network.heal();
    story.expectHealthy();
  });

  test('the last slave is not removed automatically', () => {
    const story = Scenario.ready({ masters: 3, slaves: 1 });
    story.world.crash('s1');
    story.world.run(30_000);
    expect(votersOf(story)).toHaveLength(4);
    story.write();
  });

  test('L8: a dead slave’s place is taken by a newcomer, in one record', () => {
    const story = Scenario.ready({ masters: 2, slaves: 3 });
    const { world } = story;
    world.crash('s3');
    world.run(3000);
    const before = votersOf(story).length;
    world.start('s3');
    let most = 0;
    for (let i = 0; i < 300; i += 1) {
      world.run(10);
      most = Math.max(most, votersOf(story).length);
    }
    expect(most).toBe(before);
    story.expectHealthy();
  });
});

describe('the ways out of a dead end', () => {
  test('an administrator removes the dead last slave of a lone master, and writes go on', () => {
    const story = Scenario.ready({ masters: 1, slaves: 1 });
    story.writes(3);
    const { nodeId } = story.world.node('s1');
    story.world.crash('s1');
    story.world.run(3000);
    expect(story.outcome('m1')).toBe('no_quorum not-applied');
    expect(remove(story, nodeId)).toBeNull();
    story.world.run(1000);
    expect(votersOf(story)).toHaveLength(1);
    expect(story.outcome('m1')).toBe('created');
    story.expectNothingLost('m1');
  });

  test('L3: with removeMs far above stepDownMs a lone master replaces its dead slaves', () => {
    const story = Scenario.ready({ masters: 1, slaves: 3, limits: { removeMs: 60_000 } });
    const { world } = story;
    for (const name of ['s1', 's2', 's3']) world.crash(name);
    world.run(20_000);
    const { epoch } = world.node('m1');
    for (const name of ['s1', 's2', 's3']) world.start(name);
    story.expectHealthy();
    expect(world.node('m1').epoch).toBe(epoch);
  });

  test('L4: a standby that knows only dead voters finds the new slaves, and takes over', () => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const story = new Scenario({ seed, masters: 2, slaves: 6 });
      const { world } = story;
      for (const name of ['m1', 'm2', 's1', 's2', 's3']) world.start(name);
      story.settle();
      world.crash('m2');
      for (const [old, fresh] of [
        ['s1', 's4'],
        ['s2', 's5'],
        ['s3', 's6'],
      ] as const) {
        world.start(fresh);
        world.crash(old);
        world.until(() => !votersOf(story).some((id) => id.startsWith(old)), 30_000);
        story.write();
      }
      world.crash('m1');
      // It stands for election before the first of the new slaves is heard.
      world.partition(['m2']);
      world.start('m2');
      world.run(4000);
      expect(world.node('m2').state).toBe('candidate');
      world.network.heal();
      story.write();
      expect(story.active).toBe('m2');
      story.expectNothingLost('m2');
    }
  });

  test('L6: a backup that lost its disk is replaced by its own new self', () => {
    const story = Scenario.ready({ masters: 2, slaves: 1 });
    const { world } = story;
    const old = world.node('m2').nodeId;
    world.crash('m2');
    world.wipe('m2');
    world.start('m2');
    expect(world.node('m2').nodeId).not.toBe(old);
    story.expectHealthy();
    expect(votersOf(story)).not.toContain(old);
    world.crash('s1');
    world.start('s1');
    story.expectHealthy();
    world.crash('m1');
    story.expectHealthy();
  });

  test.each([0, 1, 3])(
    'a backup is replaced so fast that its old self is not missed yet (%d slaves)',
    (slaves) => {
      const story = new Scenario({ masters: 2, slaves });
      const { world } = story;
      world.startAll();
      story.write();
      world.run(2000);
      const voters = votersOf(story).length;
      for (let life = 1; life <= 5; life += 1) {
        const old = world.node('m2').nodeId;
        world.crash('m2');
        world.wipe('m2');
        world.run(20 * life);
        world.start('m2');
        world.run(2000);
        story.write();
        expect(votersOf(story)).not.toContain(old);
        expect(votersOf(story)).toHaveLength(voters);
      }
      story.expectNothingLost();
    },
  );

  test('the active master loses its disk: the backup goes on, and takes it in again', () => {
    const story = Scenario.ready();
    const { world } = story;
    story.writes(5);
    const { clusterId } = world.node('m1').status();
    world.crash('m1');
    world.wipe('m1');
    world.start('m1');
    story.expectHealthy();
    expect(story.active).toBe('m2');
    expect(world.node('m1').status().clusterId).toBe(clusterId);
    world.crash('m2');
    story.expectHealthy();
    expect(story.active).toBe('m1');
  });

  test('a master lost for good without a quorum: force-config makes the other one go on', () => {
    const story = Scenario.ready({ masters: 2, slaves: 1 });
    const { world } = story;
    story.writes(3);
    story.settle();
    world.crash('m1');
    world.crash('s1');
    world.run(10_000);
    expect(world.activeNames()).toEqual([]);
    expect(story.admin((done) => world.node('m2').forceConfig(done))).toBeNull();
    world.start('s1');
    world.run(5000);
    expect(world.activeNames()).toEqual(['m2']);
    expect(story.outcome('m2')).toBe('created');
    expect(votersOf(story, 'm2')).toHaveLength(2);
    story.expectNothingLost('m2');
  });

  test('force-config is refused where a master is active, and by a slave', () => {
    const story = Scenario.ready();
    const force = (name: string) => story.admin((done) => story.world.node(name).forceConfig(done));
    expect(force('m1')).toBe('conflict');
    expect(force('s1')).toBe('conflict');
    story.expectHealthy();
  });

  test('the master that was forced away is refused when it comes back', () => {
    const story = Scenario.ready({ masters: 2, slaves: 1 });
    const { world } = story;
    world.crash('m1');
    world.crash('s1');
    story.admin((done) => world.node('m2').forceConfig(done));
    world.until(() => world.activeNames().includes('m2'));
    const { clusterId } = world.node('m2').status();
    world.start('m1');
    world.run(5000);
    expect(world.activeNames()).toEqual(['m2']);
    expect(world.seat('m1').node?.status().clusterId ?? '').not.toBe(clusterId);
    expect(story.outcome('m2')).toBe('created');
  });

  test.each([
    ['the active master', 'm1', 'conflict'],
    ['a node that is none', 'nobody', 'not_found'],
  ])('removing %s is refused', (_, who, code) => {
    const story = Scenario.ready();
    const nodeId = who === 'm1' ? story.world.node('m1').nodeId : who;
    expect(remove(story, nodeId)).toBe(code);
    expect(votersOf(story)).toHaveLength(5);
  });

  test('who removes one is told when it is committed, and everybody will know it', () => {
    const story = Scenario.ready();
    const voter = story.world.node('m1').inspect();
    const { nodeId } = story.world.node('s1');
    const before = voter.log.configLsn;
    expect(remove(story, nodeId, 'm1')).toBeNull();
    expect(voter.log.configLsn).toBeGreaterThan(before);
    expect(voter.committedLsn).toBeGreaterThanOrEqual(voter.log.configLsn);
  });

  test('members are removed at the active master only', () => {
    const story = Scenario.ready();
    const { nodeId } = story.world.node('s1');
    expect(remove(story, nodeId, 'm2')).toBe('misdirected');
    expect(remove(story, nodeId, 's2')).toBe('misdirected');
  });
});

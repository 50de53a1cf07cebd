/** Another process listens where a node was: what it says must count for nothing (rule 2). */
import { describe, expect, test } from 'vitest';
import type { NodeApi } from '../node/api.ts';
import { Scenario } from './scenario.ts';

/** Some HTTP server that answers everything with this status and this JSON. */
function strangerAt(story: Scenario, name: string, status: number, message: object): void {
  const { world } = story;
  const onPeerCall: NodeApi['onPeerCall'] = (_name, _message, _body, reply) =>
    reply({ status, message });
  const { clock, node } = world.seat('s2');
  if (clock === null || node === null) throw new Error('s2 lends the stranger its clock');
  // Only `onPeerCall` of a listener is ever called.
  const stranger: NodeApi = Object.create(node, { onPeerCall: { value: onPeerCall } });
  world.network.listen({ url: `http://${name}`, clock, node: stranger });
}

const texts = [{}, { status: 'ok' }, { nodeId: 7, clusterId: null, configs: 'x', promised: '9' }];

describe('a stranger at the URL of a dead node', () => {
  test.each([200, 204, 400, 404, 409, 410, 421, 423, 500])(
    'that answers %d stops nobody, is believed nothing, and is forgotten when it goes',
    (status) => {
      for (const [i, text] of texts.entries()) {
        for (const where of ['s1', 'm1', 'm2']) {
          const story = Scenario.ready({ seed: i + 1 });
          const { world } = story;
          const before = world.node(where === 'm1' ? 'm2' : 'm1').status().clusterId;
          world.crash(where);
          strangerAt(story, where, status, text);
          for (let round = 0; round < 6; round += 1) {
            story.write();
            world.run(500);
          }
          expect(world.fatal).toEqual([]);
          expect(world.node(story.active).status().clusterId).toBe(before);
          const ids = world
            .node(story.active)
            .status()
            .members.map(({ nodeId }) => typeof nodeId);
          expect(new Set(ids)).toEqual(new Set(['string']));
          world.network.close(`http://${where}`);
          world.start(where);
          story.expectHealthy();
        }
      }
    },
  );

  test.each([200, 409])('that answers %d does not keep a cluster from being born', (status) => {
    const story = new Scenario({ masters: 2, slaves: 2 });
    const { world } = story;
    world.start('s2');
    strangerAt(story, 'm2', status, {});
    world.start('m1');
    world.run(5000);
    world.network.close('http://m2');
    world.start('m2');
    world.start('s1');
    story.expectHealthy();
  });

  test('at a living slave’s URL for a moment does not cost it its membership', () => {
    const story = Scenario.ready({ masters: 2, slaves: 3 });
    const { world } = story;
    const { nodeId } = world.node('s1');
    const { clock, node } = world.seat('s1');
    strangerAt(story, 's1', 200, { status: 'ok' });
    world.run(300);
    if (clock !== null && node !== null) world.network.listen({ url: 'http://s1', clock, node });
    world.run(300);
    const { members } = world.node('m1').status();
    expect(members.find((member) => member.nodeId === nodeId)?.voter).toBe(true);
    story.expectHealthy();
  });
});

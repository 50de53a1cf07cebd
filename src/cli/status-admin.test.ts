import { afterEach, describe, expect, it, vi } from 'vitest';
import { callCli } from './testing/call-cli.ts';
import { FakeNode, type FakeNodeOptions } from './testing/fake-node.ts';

let nodes: FakeNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  nodes = [];
});

async function startNode(options: FakeNodeOptions = {}): Promise<FakeNode> {
  const node = await new FakeNode(options).listen();
  nodes.push(node);
  return node;
}

/** A node, and `dsm` with `--masters` set to it. */
async function cluster(options: FakeNodeOptions = {}) {
  const node = await startNode(options);
  return { node, dsm: (line: string) => callCli(`${line} --masters ${node.url}`) };
}

describe('dsm status', () => {
  it('shows every node that one of them knows, and who is active', async () => {
    const { node, dsm } = await cluster();
    const standby = await startNode({ nodeId: 'n2', state: 'standby' });
    node.members.push({ nodeId: 'n2', role: 'master', url: standby.url, voter: true });
    node.members.push({ nodeId: 'n3', role: 'slave', url: 'http://127.0.0.1:1', voter: true });
    const { code, stdout } = await dsm('status');
    expect(code).toBe(0);
    const rows = stdout.trim().split('\n');
    expect(rows[0]).toContain(`${node.url} is active in epoch 1: 3 voters, a write needs 1 ACK`);
    expect(rows[3]).toMatch(new RegExp(`^\\*\\s+${node.url}\\s+master\\s+active\\s+yes`));
    const others = rows.slice(4).join('\n');
    expect(others).toMatch(new RegExp(`${standby.url}\\s+master\\s+standby\\s+yes`));
    expect(others).toMatch(/127\.0\.0\.1:1\s+no answer/);
    const json = JSON.parse((await dsm('status --json')).stdout);
    expect(json.active).toBe(node.url);
    expect(json.nodes).toHaveLength(3);
  });

  it('exits with 3 where nobody is active', async () => {
    const { dsm } = await cluster({ state: 'standby' });
    const { code, stdout } = await dsm('status');
    expect(code).toBe(3);
    expect(stdout).toContain('No active master is known.');
  });
});

describe('dsm admin', () => {
  it('lists the members', async () => {
    const { node, dsm } = await cluster();
    expect((await dsm('admin members')).stdout).toContain(`n1    master  ${node.url}  voter`);
  });

  it('waits for a takeover, as long as a call may take', async () => {
    const { node, dsm } = await cluster({ state: 'standby' });
    const early = await dsm('admin members --timeout-ms 1');
    expect(early.code).toBe(3);
    expect(early.stderr).toContain(`no active master is known to ${node.url}`);
    const asked = node.requests.length;
    const patient = dsm('admin members');
    await vi.waitUntil(() => node.requests.length > asked + 1, { timeout: 60_000 });
    node.state = 'active';
    expect((await patient).stdout).toContain(`n1    master  ${node.url}  voter`);
  });

  it('removes a member by its id or its URL', async () => {
    const { node, dsm } = await cluster();
    node.members.push({ nodeId: 's/1', role: 'slave', url: 'http://s:1', voter: true });
    expect(await dsm('admin remove http://s:1')).toMatchObject({ code: 0 });
    expect(node.requests.at(-1)).toBe('DELETE /v1/admin/members/s%2F1');
    expect(await dsm('admin remove s2')).toMatchObject({ code: 1 });
  });

  it('hands off, and says who is active then', async () => {
    const { node, dsm } = await cluster();
    expect(await dsm('admin handoff')).toEqual({
      code: 0,
      stdout: `OK ${node.url} is active\n`,
      stderr: '',
    });
    expect(await dsm('admin handoff http://nobody:1')).toMatchObject({ code: 1 });
  });

  it('tells why it cannot hand off', async () => {
    const body = { code: 'conflict', detail: 'no standby has caught up' };
    const { dsm } = await cluster({ faults: { 'POST /v1/admin/handoff': { status: 409, body } } });
    const { code, stderr } = await dsm('admin handoff');
    expect(code).toBe(1);
    expect(stderr).toContain('no standby has caught up');
  });

  it('does not force a configuration where nobody can be asked', async () => {
    const { node, dsm } = await cluster();
    const { code, stderr } = await dsm('admin force-config');
    expect(code).toBe(2);
    expect(stderr).toContain('Acknowledged writes that this log does not hold are lost');
    expect(node.requests).not.toContain('POST /v1/admin/force-config');
    expect(await dsm('admin force-config --yes')).toMatchObject({ code: 0 });
    expect(node.requests).toContain('POST /v1/admin/force-config');
  });
});

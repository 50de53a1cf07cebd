import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeNode, type FakeNodeOptions } from './testing/fake-node.ts';
import { type CliOptions, runCli } from './testing/run-cli.ts';

vi.setConfig({ testTimeout: 30_000 });

let nodes: FakeNode[] = [];
let folder = '';
beforeEach(() => {
  nodes = [];
  folder = mkdtempSync(join(tmpdir(), 'dsm-cli-'));
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  rmSync(folder, { recursive: true });
});

async function startNode(options: FakeNodeOptions = {}): Promise<FakeNode> {
  const node = await new FakeNode(options).listen();
  nodes.push(node);
  return node;
}

/** A node, and `dsm` with `--masters` set to it. */
async function cluster(options: FakeNodeOptions = {}) {
  const node = await startNode(options);
  const variables = { DSM_MASTERS: node.url, DSM_TIMEOUT_MS: '2000' };
  const dsm = (line: string | readonly string[], more: CliOptions = {}) =>
    runCli(line, { variables, ...more });
  return { node, dsm };
}

describe('dsm write and dsm read', () => {
  it('store and print words', async () => {
    const { dsm } = await cluster();
    expect(await dsm('write greeting hello world')).toEqual({
      code: 0,
      stdout: 'OK revision 1 (created)\n',
      stderr: '',
    });
    expect(await dsm('write greeting hi')).toMatchObject({ stdout: 'OK revision 2 (updated)\n' });
    expect(await dsm('read greeting')).toEqual({ code: 0, stdout: 'hi', stderr: '' });
  });

  it('store what comes on standard input, or stands in a file, byte for byte', async () => {
    const { dsm } = await cluster();
    const file = join(folder, 'value');
    writeFileSync(file, 'from a file\n');
    await dsm('write a -', { stdin: 'from a pipe\n' });
    await dsm('write b --stdin', { stdin: 'é\0' });
    await dsm(['write', 'c', '--file', file, '--content-type', 'text/x']);
    await dsm(['write', 'd', '--', '-5']);
    expect((await dsm('read a')).stdout).toBe('from a pipe\n');
    expect((await dsm('read b')).stdout).toBe('é\0');
    expect((await dsm('read d')).stdout).toBe('-5');
    expect(JSON.parse((await dsm('read c --json')).stdout)).toEqual({
      key: 'c',
      found: true,
      revision: 3,
      contentType: 'text/x',
      value: 'from a file\n',
    });
  });

  it('exit with 1 where the key is absent, and print nothing that looks like a value', async () => {
    const { dsm } = await cluster();
    expect(await dsm('read nothing')).toEqual({ code: 1, stdout: '', stderr: 'NOT_FOUND\n' });
    expect(await dsm('read nothing --json')).toMatchObject({
      code: 1,
      stdout: '{"key":"nothing","found":false}\n',
    });
  });

  it('exit with 1 where the precondition does not hold', async () => {
    const { dsm } = await cluster();
    await dsm('write k v --if-absent');
    expect(await dsm('write k v --if-absent')).toMatchObject({
      code: 1,
      stderr: 'PRECONDITION_FAILED the key is at revision 1\n',
    });
    expect(await dsm('write k w --if-revision 1')).toMatchObject({ code: 0 });
    expect(await dsm('write x v --if-present')).toMatchObject({
      code: 1,
      stderr: 'PRECONDITION_FAILED the key is absent\n',
    });
  });
});

describe('dsm delete', () => {
  it('exits with 0 where it deleted, with 1 where there was nothing', async () => {
    const { dsm } = await cluster();
    await dsm('write k v');
    expect(await dsm('delete k')).toEqual({ code: 0, stdout: 'OK deleted\n', stderr: '' });
    expect(await dsm('delete k')).toEqual({ code: 1, stdout: '', stderr: 'NOT_FOUND\n' });
  });
});

describe('where nobody serves the call', () => {
  it('it exits with 3: nothing happened', async () => {
    const gone = await new FakeNode().listen();
    const { url } = gone;
    await gone.close();
    const { code, stderr } = await runCli(`write k v --timeout-ms 300 --masters ${url}`);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^dsm write: WRITE "k" could not be served.*refused/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('it exits with 4 where a write may have happened', async () => {
    const body = { code: 'stepped_down', outcome: 'unknown', retryable: true, detail: 'gone' };
    const { dsm } = await cluster({ faults: { 'PUT /v1/kv/k': { status: 504, body } } });
    const { code, stderr } = await dsm('write k v --timeout-ms 300');
    expect(code).toBe(4);
    expect(stderr).toMatch(/WRITE "k" may or may not have been applied.*504 stepped_down \(gone\)/);
  });
});

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
    expect(rows[4]).toMatch(new RegExp(`${standby.url}\\s+master\\s+standby\\s+yes`));
    expect(rows[5]).toMatch(/127\.0\.0\.1:1\s+no answer/);
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

  it('removes a member by its id or its URL', async () => {
    const { node, dsm } = await cluster();
    node.members.push({ nodeId: 's/1', role: 'slave', url: 'http://s:1', voter: true });
    expect(await dsm('admin remove http://s:1')).toMatchObject({ code: 0 });
    expect(node.requests.at(-1)).toBe('DELETE /v1/admin/members/s%2F1');
    expect(await dsm('admin remove s2')).toMatchObject({ code: 1 });
  });

  it('hands off, and tells why it cannot', async () => {
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

describe('dsm client from a pipe', () => {
  it('carries out a script', async () => {
    const { dsm } = await cluster();
    const stdin = 'WRITE k hello\nREAD k\nDELETE k\nREAD k\n';
    expect(await dsm('client', { stdin })).toEqual({
      code: 0,
      stdout: 'OK revision 1\nhello\nOK deleted\nNOT_FOUND\n',
      stderr: '',
    });
  });
});

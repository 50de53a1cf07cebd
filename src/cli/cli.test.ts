import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

/** A node, and `dsm` with `--masters` set to it. */
async function cluster(options: FakeNodeOptions = {}) {
  const node = await new FakeNode(options).listen();
  nodes.push(node);
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
      encoding: 'utf-8',
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
    const { code, stderr } = await runCli(`write k v --timeout-ms 3000 --masters ${url}`);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^dsm write: WRITE "k" could not be served.*refused/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('it exits with 4 where a write may have happened', async () => {
    const body = { code: 'stepped_down', outcome: 'unknown', retryable: true, detail: 'gone' };
    const { dsm } = await cluster({ faults: { 'PUT /v1/kv/k': { status: 504, body } } });
    const { code, stderr } = await dsm('write k v --timeout-ms 3000');
    expect(code).toBe(4);
    expect(stderr).toMatch(/WRITE "k" may or may not have been applied.*504 stepped_down \(gone\)/);
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

describe('a start', () => {
  it('keeps what Node has compiled for the next one', async () => {
    expect(await runCli('--help', { variables: { TMPDIR: folder } })).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, 'node-compile-cache'))).toBe(true);
  });
});

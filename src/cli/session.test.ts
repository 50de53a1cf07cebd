import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createClient } from '../client/client.ts';
import { answer, FakeNetwork, type FakeNode } from '../client/testing.ts';
import { parseLine, promptOf, runSession } from './session.ts';

const a = 'http://a:1';
const b = 'http://b:1';

/** A node with a memory. */
function remembering(headers: Record<string, string> = {}): FakeNode {
  const values = new Map<string, string>();
  return ({ method, path, body }) => {
    if (path === '/livez') return answer(200, null, headers);
    const tagged = { etag: '"3"', ...headers };
    if (method === 'PUT') {
      values.set(path, body);
      return answer(200, null, tagged);
    }
    const value = values.get(path);
    if (value === undefined) return answer(404, { code: 'not_found' }, headers);
    if (method === 'GET') return answer(200, value, tagged);
    values.delete(path);
    return answer(204, null, headers);
  };
}

/** What a conversation prints, and its exit code. */
async function converse(lines: readonly string[], nodes: Record<string, FakeNode>) {
  const network = new FakeNetwork();
  for (const [url, node] of Object.entries(nodes)) network.nodes.set(url, node);
  const { environment } = network;
  const client = createClient({ masters: [a, b], environment, timeoutMs: 50 });
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(lines.map((line) => `${line}\n`).join(''));
  const options = { client, masters: [a, b], input, output, isTerminal: false };
  const exitCode = await network.time.run(runSession(options));
  return { text: String(output.read() ?? ''), exitCode };
}

describe('a conversation from a pipe', () => {
  it('writes, reads and deletes, in order, whatever the case of the letters', async () => {
    const lines = ['WRITE k hello  world', 'read k', 'Delete k', 'READ k', 'DELETE k'];
    expect(await converse(lines, { [a]: remembering() })).toEqual({
      text: 'OK revision 3\nhello  world\nOK deleted\nNOT_FOUND\nNOT_FOUND\n',
      exitCode: 0,
    });
  });

  it('ends at EXIT and leaves the rest unread', async () => {
    const { text } = await converse(['', 'EXIT', 'READ k'], { [a]: remembering() });
    expect(text).toBe('');
  });

  it('goes on after a failure, tells it in one line, and keeps its exit code', async () => {
    const lines = ['READ', 'JUMP', 'READ ..', 'HELP'];
    const { text, exitCode } = await converse(lines, { [a]: remembering() });
    expect(text.split('\n').slice(0, 3)).toEqual([
      'ERROR invalid_key: READ needs a key; HELP shows how',
      'ERROR invalid_request: JUMP is no command; HELP lists them',
      expect.stringMatching(/^ERROR invalid_key: "\.\." cannot be a key/),
    ]);
    expect(text).toContain('WRITE key value…');
    expect(exitCode).toBe(2);
  });

  it('says that nobody answers', async () => {
    const { text, exitCode } = await converse(['READ k'], {});
    expect(text).toMatch(/^ERROR no_master: READ "k" could not be served.*refused/);
    expect(exitCode).toBe(3);
  });

  it('says when the active master has changed', async () => {
    let isDead = false;
    const first = remembering({ 'dsm-node': 'na' });
    const dying: FakeNode = (request) => {
      if (isDead) return 'refuse';
      isDead = request.method === 'PUT';
      return first(request);
    };
    const nodes = { [a]: dying, [b]: remembering({ 'dsm-node': 'nb', 'dsm-epoch': '2' }) };
    const { text } = await converse(['WRITE k v', 'READ k'], nodes);
    expect(text).toBe(`OK revision 3\nmaster changed: ${a} → ${b}\nNOT_FOUND\n`);
  });

  it('does not print bytes that are no text', async () => {
    const binary: FakeNode = () =>
      new Response(new Uint8Array([0xff, 0xfe]), {
        headers: { 'dsm-node': 'n', etag: '"1"', 'content-type': 'image/png' },
      });
    const { text } = await converse(['READ k'], { [a]: binary });
    expect(text).toBe('(2 bytes of image/png; dsm read prints them)\n');
  });
});

describe('a line', () => {
  it.each([
    ['WRITE k v', 'WRITE', 'k', 'v'],
    ['  write   k   v w ', 'WRITE', 'k', '  v w '],
    ['WRITE k', 'WRITE', 'k', ''],
    ['', '', '', ''],
  ])('%j is a command, a key, and the rest as it was typed', (text, name, key, value) => {
    expect(parseLine(text)).toEqual({ name, key, value });
  });
});

describe('the prompt', () => {
  it('names the primary before anything is known, then the master in use', () => {
    expect(promptOf(null, [a, b])).toBe('[PRIMARY] http://a:1> ');
    expect(promptOf(a, [a, b])).toBe('[PRIMARY] http://a:1> ');
    expect(promptOf(b, [a, b])).toBe('[BACKUP] http://b:1> ');
  });
});

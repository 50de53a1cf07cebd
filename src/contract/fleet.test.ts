import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { clusterForTest } from './fixture.ts';

const example = fileURLToPath(new URL('../examples/fleet.ts', import.meta.url));

it('three Hono servers share sessions, a limit and a flag, and one of them is killed', async () => {
  const cluster = await clusterForTest({ slaves: 1 });
  const child = spawn('node', [example, cluster.masterUrls.join(',')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const exited = once(child, 'exit');
  const [said, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exited;
  expect([code, complaints]).toEqual([0, '']);
  expect(said.split('\n').slice(1)).toEqual([
    'alice signed in at the first; all three know her',
    'the flag was set at the first; all three have it',
    'the first was killed',
    'the others still know alice',
    'of 20 searches at both at once, 5 were served: the limit, exactly',
    'the flag was set back at the second; both have it',
    '',
  ]);
});

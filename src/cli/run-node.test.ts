import { afterEach, describe, expect, it, vi } from 'vitest';
import { type CliOptions, type RunningCli, runCli, startCli } from './testing/run-cli.ts';
import { createFreePorts } from './up/ports.ts';

vi.setConfig({ testTimeout: 30_000 });

const script = 'fake';

let started: RunningCli[] = [];
afterEach(async () => {
  for (const cli of started) cli.process.kill('SIGKILL');
  await Promise.all(started.map((cli) => cli.ended));
  started = [];
});

function start(line: string, options: CliOptions = {}): RunningCli {
  const cli = startCli(line, { script, ...options });
  started.push(cli);
  return cli;
}

const freePort = createFreePorts([]);

async function untilServing(port: number): Promise<void> {
  for (;;) {
    const isServing = await fetch(`http://127.0.0.1:${port}/livez`).then(
      (response) => response.ok,
      () => false,
    );
    if (isServing) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a node as a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops cleanly on %s', async (signal) => {
    const port = await freePort();
    const cli = start(`master --port ${port}`);
    await untilServing(port);
    cli.process.kill(signal);
    expect(await cli.ended).toBe(0);
    expect(cli.stderr()).toBe('');
  });

  it('stops while it starts', async () => {
    const cli = start('master --port 0', { variables: { FAKE_HANG: 'master' } });
    await cli.printed(/starting/);
    cli.process.kill('SIGTERM');
    expect(await cli.ended).toBe(0);
  });

  it('ends at once at the second signal where it does not stop', async () => {
    const port = await freePort();
    const variables = { FAKE_STUBBORN: '1' };
    const cli = start(`master --port ${port}`, { variables });
    await untilServing(port);
    cli.process.kill('SIGTERM');
    cli.process.kill('SIGINT');
    expect(await cli.ended).toBe(1);
  });

  it('ends with its parent, and leaves Ctrl+C to it, where it was told so', async () => {
    const port = await freePort();
    const cli = start(`master --port ${port} --exit-with-parent`);
    await untilServing(port);
    cli.process.kill('SIGINT');
    await untilServing(port);
    cli.process.stdin?.end();
    expect(await cli.ended).toBe(0);
  });

  it('does not start with its standard input closed, where it was told so', async () => {
    const port = await freePort();
    const options = { script, stdin: '' } as const;
    expect(await runCli(`master --port ${port} --exit-with-parent`, options)).toMatchObject({
      code: 0,
    });
  });

  it('says in one line why it cannot start', async () => {
    const variables = { FAKE_FAIL: 'slave' };
    const { code, stderr } = await runCli('slave --port 0', { script, variables });
    expect(code).toBe(3);
    expect(stderr).toBe('dsm slave: the log is damaged at byte 17\n');
  });

  it('says in one line why it cannot go on', async () => {
    const options = { script, variables: { FAKE_DIE: 'master' } } as const;
    const { code, stderr } = await runCli('master --port 0', options);
    expect(code).toBe(3);
    expect(stderr).toBe('dsm master: the log could not be synced: EIO\n');
  });
});

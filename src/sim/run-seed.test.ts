import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { faultWeights } from './faults.ts';
import { type ProfileName, profileNames } from './profiles.ts';
import { runSeed } from './run-seed.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

const commands = {
  node: ['node'],
  bun: ['bun'],
  deno: ['deno', 'run', '--no-lock', '--allow-all'],
} as const;

/** The trace hashes of seeds from 1 on, as `npm run sim -- --json` prints them on a runtime. */
async function hashesOn(
  runtime: keyof typeof commands,
  profile: ProfileName,
  seeds: number,
): Promise<string[]> {
  const [name, ...words] = commands[runtime];
  const executable = fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
  const options = ['--json', '--seeds', String(seeds), '--profile', profile];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(executable, [...words, main, ...options], (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
  const lines = output.trim().split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { traceHash: string }).traceHash);
}

describe('a run of a seed', () => {
  test.each(profileNames)('is the same on Node, Bun and Deno (%s)', async (profile) => {
    const seeds = 3;
    const node = await hashesOn('node', profile, seeds);
    expect(new Set(node).size).toBe(seeds);
    expect(await hashesOn('bun', profile, seeds)).toEqual(node);
    expect(await hashesOn('deno', profile, seeds)).toEqual(node);
  });

  test.each(profileNames)('is the same twice, told or not (%s)', async (profile) => {
    const first = await runSeed({ seed: 2, profile });
    const story: string[] = [];
    const second = await runSeed({ seed: 2, profile, tell: (line) => story.push(line) });
    expect(second).toEqual(first);
    expect(first.failure).toBeNull();
    for (const said of [/ fault .*\(/, /m1 starts as/, /→ m1 append|→ s1 append/, /"op":"put"/]) {
      expect(story.some((line) => said.test(line))).toBe(true);
    }
  });

  test('one fault less is another run, and no fault at all loses nothing', async () => {
    const whole = await runSeed({ seed: 2 });
    const [, ...rest] = whole.plan;
    const less = await runSeed({ seed: 2, faults: rest });
    expect(less.traceHash).not.toBe(whole.traceHash);
    const calm = await runSeed({ seed: 2, faults: [] });
    expect(calm.failure).toBeNull();
    expect(calm.faults).toEqual({});
    expect(calm.history.every(({ outcome }) => outcome !== 'unknown')).toBe(true);
  });

  test('the clients do all that they can do, and faults of every kind strike', async () => {
    const asked = new Set<string>();
    const faults = new Set<string>();
    for (let seed = 1; seed <= 12; seed += 1) {
      const { history, faults: done } = await runSeed({ seed });
      for (const { op, condition = '', consistency = '', outcome } of history) {
        const kind = typeof condition === 'number' ? 'revision' : condition;
        asked.add(`${op} ${kind}${consistency} ${outcome}`);
      }
      for (const kind of Object.keys(done)) faults.add(kind);
    }
    for (const op of ['put', 'delete']) {
      for (const condition of ['none', 'absent', 'present', 'revision']) {
        // A delete of an absent key never succeeds.
        if (op === 'delete' && condition === 'absent') continue;
        expect(asked).toContain(`${op} ${condition} ok`);
      }
      expect(asked).toContain(`${op} revision not-applied`);
      expect(asked).toContain(`${op} none unknown`);
    }
    for (const consistency of ['linearizable', 'quorum', 'stale']) {
      expect(asked).toContain(`get ${consistency} ok`);
    }
    expect(Object.keys(faultWeights).filter((kind) => !faults.has(kind))).toEqual([]);
  });
});

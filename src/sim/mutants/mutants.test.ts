import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';
import { applyPatch, type Mutant, MutantError } from './mutant.ts';
import { runMutant } from './run-mutant.ts';

const source = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const patch = { file: 'core/x.ts', find: 'a < b', replace: 'a <= b' };

function mutant(find: string, replace: string, more: Partial<Mutant> = {}): Mutant {
  const patches = [{ file: 'core/quorum.ts', find, replace }];
  return { name: 'a mutant of a test', rule: 'none', patches, ...more };
}

describe('a patch', () => {
  test('is applied where its text stands', () => {
    expect(applyPatch('if (a < b) return;', patch)).toBe('if (a <= b) return;');
  });

  test('fails loudly where its text is not found', () => {
    expect(() => applyPatch('if (a > b) return;', patch)).toThrow(MutantError);
    expect(() => applyPatch('if (a > b) return;', patch)).toThrow('does not contain');
  });

  test('fails loudly where its text is found twice, or overlaps itself', () => {
    expect(() => applyPatch('a < b || a < b', patch)).toThrow('contains more than once');
    expect(() => applyPatch('aaa', { ...patch, find: 'aa' })).toThrow('contains more than once');
  });

  test('that changes nothing, or looks for nothing, is none', () => {
    expect(() => applyPatch('a < b', { ...patch, replace: 'a < b' })).toThrow('is not changed');
    expect(() => applyPatch('a < b', { ...patch, find: '' })).toThrow(MutantError);
  });
});

describe('the catalogue', () => {
  test('holds at least 30 bugs, each under a name of its own', () => {
    const bugs = catalogue.filter(({ harmless }) => harmless === undefined);
    expect(bugs.length).toBeGreaterThanOrEqual(30);
    expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
  });

  test.each(catalogue.map((entry) => [entry.name, entry] as const))('%s: fits', (_, entry) => {
    for (const { file, ...change } of entry.patches) {
      expect(() => applyPatch(source(file), { file, ...change })).not.toThrow();
    }
  });
});

describe('a hunt', () => {
  const { find, replace } = { find: 'export function majorityOf', replace: 'export function half' };

  test('catches a real bug, and says by which rule and after how many seeds', async () => {
    const broken = mutant('return Math.min(...masters.map(', 'return Math.max(...masters.map(');
    const report = await runMutant(broken, 50);
    expect(report).toMatchObject({ verdict: 'caught', isExpected: true, hunter: 'walk' });
    expect(report.by).toMatch(/^(assertion )?I\d+$/);
    expect(report.seeds).toBeLessThanOrEqual(50);
  });

  test('reports a change of a comment as a survivor', async () => {
    const report = await runMutant(mutant('The quorum rule', 'The rule of quorums'), 3);
    expect(report).toMatchObject({ verdict: 'survived', isExpected: false, seeds: 3 });
  });

  test('a control must survive, and is reported where it is caught', async () => {
    const harmless = 'nothing changes';
    const control = mutant('The quorum rule', 'The rule of quorums', { harmless });
    expect(await runMutant(control, 1)).toMatchObject({ verdict: 'survived', isExpected: true });
    const bug = mutant('Math.min(...masters', 'Math.max(...masters', { harmless });
    expect(await runMutant(bug, 50)).toMatchObject({ verdict: 'caught', isExpected: false });
  });

  test('a program that does not run is a fault of the mutant, not a catch', async () => {
    for (const wrong of [mutant(find, replace), mutant(find, '}'), mutant('no such text', '')]) {
      expect(await runMutant(wrong, 1)).toMatchObject({ verdict: 'broken', isExpected: false });
    }
    const hunted = mutant('return Math.floor(voters / 2) + 1;', 'return voters.length.x;');
    expect(await runMutant(hunted, 5)).toMatchObject({ verdict: 'broken' });
  });
});

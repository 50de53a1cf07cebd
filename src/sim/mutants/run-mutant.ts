/** Hunts one mutant: patches a copy of the sources, runs the simulator there, and judges. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Catch } from './hunt.ts';
import { type Mutant, MutantError, seedsMaxOf } from './mutant.ts';
import { makeWorkspace } from './workspace.ts';

export type Verdict = 'caught' | 'survived' | 'broken';

export interface Report {
  readonly name: string;
  readonly verdict: Verdict;
  /** As it must be: caught, or for a harmless mutant survived. */
  readonly isExpected: boolean;
  readonly hunter: string;
  /** Seeds run until the first failure, or in vain. */
  readonly seeds: number;
  readonly seedsMax: number;
  /** The rule that caught it, `assertion` where the code itself did; or what is wrong with it. */
  readonly by: string;
  /** The whole failure. */
  readonly detail: string;
  readonly seconds: number;
}

/** Real time for one mutant; a hunt that takes longer has found nothing. */
const huntSecondsMax = 600;
const outputBytesMax = 1024 * 1024;

/** Errors of a program that is none: they say nothing of the protocol. */
const programErrors = /^(TypeError|ReferenceError|SyntaxError|RangeError)\b/;

export async function runMutant(mutant: Mutant, seeds?: number): Promise<Report> {
  const { name, hunter = 'walk', harmless } = mutant;
  const seedsMax = seeds ?? mutant.seedsMax ?? seedsMaxOf(hunter);
  const startedMs = performance.now();
  const report = (verdict: Verdict, found: { seeds: number; by: string; detail: string }) => ({
    name,
    verdict,
    isExpected: verdict === (harmless === undefined ? 'caught' : 'survived'),
    hunter,
    seedsMax,
    ...found,
    seconds: (performance.now() - startedMs) / 1000,
  });
  try {
    const { seeds: run, failure } = await hunt(mutant, hunter, seedsMax);
    if (failure === null) return report('survived', { seeds: run, by: '', detail: '' });
    if (programErrors.test(failure)) throw new MutantError(`the program is broken: ${failure}`);
    return report('caught', { seeds: run, by: ruleOf(failure), detail: failure });
  } catch (error) {
    if (!(error instanceof MutantError)) throw error;
    return report('broken', { seeds: 0, by: 'its own fault', detail: error.message });
  }
}

async function hunt({ patches }: Mutant, hunter: string, seeds: number): Promise<Catch> {
  const workspace = makeWorkspace(patches);
  try {
    const script = join(workspace.directory, 'src/sim/mutants/hunt.ts');
    return JSON.parse(await runScript(script, [hunter, String(seeds)])) as Catch;
  } finally {
    workspace.remove();
  }
}

function runScript(script: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const limits = { timeout: huntSecondsMax * 1000, maxBuffer: outputBytesMax };
    execFile(process.execPath, [script, ...args], limits, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const why = error.killed === true ? `no end within ${huntSecondsMax} s` : stderr;
      reject(new MutantError(`the simulator does not run with it: ${why || error.message}`));
    });
  });
}

/** `I3` of `I3: m1 committed …`. */
function ruleOf(failure: string): string {
  const rule = /^(I\d+): /.exec(failure)?.[1];
  if (rule !== undefined) return rule;
  const asserted = /^\w*Error: .*?\b(I\d+):/.exec(failure)?.[1];
  return asserted === undefined ? 'assertion' : `assertion ${asserted}`;
}

/**
 * `npm run chaos`: a cluster of real processes under load, and everything that this machine allows
 * done to it. See README.md beside this file.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type ChaosArguments, parseArguments, repeatCommand } from './arguments.ts';
import type { FaultKind } from './fault.ts';
import { goalsOf } from './goals.ts';
import { Machine, nodeNames } from './machine.ts';
import type { FaultReport } from './nemesis.ts';
import { runChaos } from './run.ts';
import { endWithSandbox, isInSandbox, runInSandbox, sandboxFlags } from './sandbox.ts';
import { isSafe, type Summary } from './summary.ts';

const exitCodes = { passed: 0, failed: 1 } as const;

/** Outside of the sandbox: makes one, and cleans up behind it. */
async function enterSandbox(): Promise<number | null> {
  const flags = sandboxFlags();
  if (flags === null) return null;
  const scratch = mkdtempSync(join(tmpdir(), 'dsm-chaos-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  return runInSandbox(flags, scratch);
}

async function run(options: ChaosArguments): Promise<number> {
  const { runtime, minutes, seed, slaves, json, isStrict } = options;
  const machine = new Machine(nodeNames(slaves), options.network);
  for (const text of machine.skipped) tell(`skipped: ${text}`);
  const kinds = options.kinds.filter((kind) => isPossible(kind, machine));
  if (kinds.length === 0) throw new Error('none of these faults is possible here');
  let isStopped = false;
  process.on('SIGINT', () => {
    // The second one ends it at once.
    if (isStopped) process.exit(exitCodes.failed);
    isStopped = true;
    tell('stopping; once more to stop at once');
  });
  tell(`${runtime}, seed ${seed}, ${minutes} min of ${kinds.join(', ')}`);
  const { outDir } = options;
  mkdirSync(outDir, { recursive: true });
  const onFault = json ? () => {} : tellFault;
  try {
    const summary = await runChaos({
      ...{ runtime, minutes, kinds, seed, slaves, machine, outDir, onFault },
      isStopped: () => isStopped,
    });
    return report(summary, options, machine, isStrict);
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    const facts = { runtime, seed, passed: false, trouble, repeat: repeatCommand(options) };
    if (json) process.stdout.write(`${JSON.stringify(facts)}\n`);
    else tell(trouble);
    tell(`what is known is in ${outDir}; again: ${facts.repeat}`);
    return exitCodes.failed;
  }
}

function report(
  summary: Summary,
  options: ChaosArguments,
  machine: Machine,
  isStrict: boolean,
): number {
  const { outDir, keepsHistory, json, runtime, seed } = options;
  const goals = goalsOf(summary);
  const isPassed = isSafe(summary) && (!isStrict || goals.every(({ isMet }) => isMet));
  if (json) {
    const { skipped } = machine;
    const repeat = repeatCommand(options);
    const facts = { runtime, seed, passed: isPassed, ...summary, goals, skipped, repeat };
    process.stdout.write(`${JSON.stringify(facts)}\n`);
  } else {
    process.stdout.write(textOf(summary));
    for (const { title, figure, isMet } of goals) {
      process.stdout.write(`${isMet ? 'ok    ' : 'MISSED'} ${title}: ${figure}\n`);
    }
  }
  for (const objection of summary.objections) tell(objection);
  if (isSafe(summary) && !keepsHistory) rmSync(outDir, { recursive: true, force: true });
  else tell(`the history is in ${outDir}; again: ${repeatCommand(options)}`);
  return isPassed ? exitCodes.passed : exitCodes.failed;
}

function isPossible(kind: FaultKind, { links, canTrace }: Machine): boolean {
  if (kind === 'partition') return links !== null;
  return kind !== 'slow' || links !== null || canTrace;
}

function tellFault({ title, recoveryMs, isTakeover }: FaultReport): void {
  const mark = isTakeover ? 'takeover' : 'recovery';
  tell(`${title}: ${mark} ${recoveryMs.toFixed(0)} ms`);
}

function textOf(summary: Summary): string {
  const { verdicts, takeoverMs, recoveryMs } = summary;
  const percent = (summary.availability * 100).toFixed(2);
  const times = (what: string, { p50, p99, max, count }: NonNullable<typeof takeoverMs>) =>
    `${what} p50 ${p50} ms, p99 ${p99} ms, max ${max} ms of ${count}`;
  return [
    `${summary.operations} operations in ${summary.seconds.toFixed(0)} s ` +
      `(${summary.taskCalls} of clients with tasks): ${summary.acknowledged} acknowledged writes, ${summary.unknown} unknown`,
    `faults: ${Object.entries(summary.faults)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')}`,
    `lost ${summary.lost} of ${summary.looked} looked for, stale reads ${summary.stale}, ` +
      `broken promises ${summary.broken}, ` +
      `differing states ${summary.differingStates}, fallen nodes ${summary.fallen}`,
    `verdict ${summary.verdict} (versions ${verdicts.versions}, zones ${verdicts.zones}, ` +
      `search ${verdicts.search})`,
    ...(takeoverMs === null ? [] : [times('loss of the active master:', takeoverMs)]),
    ...Object.entries(recoveryMs).map(([kind, some]) => times(`  ${kind}:`, some)),
    `availability outside of recoveries ${percent} %`,
    '',
  ].join('\n');
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<number> {
  const options = parseArguments(process.argv.slice(2));
  if (isInSandbox) endWithSandbox();
  else {
    const code = await enterSandbox();
    if (code !== null) return code;
  }
  return run(options);
}

process.exit(await main());

/**
 * `dsm verify-history`: reads recorded histories and says of each whether it is linearizable.
 */
import { readFile } from 'node:fs/promises';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { checkHistory, dsmModel } from '../verify/check-history.ts';
import { explainFailure, formatExplanation } from '../verify/explain.ts';
import { parseDsmHistory } from '../verify/formats/dsm.ts';
import type { RegisterHistory } from '../verify/formats/event-log.ts';
import { parseJepsenEtcd } from '../verify/formats/jepsen-etcd.ts';
import { parsePorcupineKv } from '../verify/formats/porcupine-kv.ts';
import type { Verdict, Violation } from '../verify/history.ts';
import { defaultSearchLimits, type SearchLimits } from '../verify/limits.ts';
import { checkLinearization, type LinearizationResult } from '../verify/linearization.ts';
import {
  createRegisterModel,
  type RegisterAction,
  type RegisterState,
} from '../verify/register.ts';

/** Where a verb writes to. */
export interface VerifyIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

type RegisterModel = typeof dsmModel;
type RegisterResult = LinearizationResult<RegisterState, RegisterAction>;

interface Finding {
  readonly verdict: Verdict;
  /** For people; made only if it is asked for. */
  explain(): string;
}

/** Violations of one file that are shown. */
const shownViolations = 10;

function explainSearch(model: RegisterModel, result: RegisterResult, limits: SearchLimits): string {
  const parts = result.parts.filter(({ verdict }) => verdict !== 'linearizable');
  return parts
    .map(({ key, verdict, invocations }) => {
      const name = key === '' ? 'The register' : `Key ${JSON.stringify(key)}`;
      if (verdict === 'unknown') {
        return `${name} was not decided in ${result.steps} steps; try a larger --budget-steps\n`;
      }
      const explanation = explainFailure(model, invocations, limits);
      const text = explanation && formatExplanation(explanation, model.describeState);
      return `${name} is not linearizable\n${text ?? ''}`;
    })
    .join('');
}

function listViolations(violations: readonly Violation[]): string {
  const lines = violations
    .slice(0, shownViolations)
    .map(({ rule, key, message }) => `${rule} (key ${JSON.stringify(key)}): ${message}\n`);
  const left = violations.length - lines.length;
  return lines.join('') + (left > 0 ? `and ${left} more\n` : '');
}

function checkRegisters({ initial, invocations }: RegisterHistory, limits: SearchLimits): Finding {
  const model = createRegisterModel(initial);
  const result = checkLinearization(model, invocations, limits);
  return { verdict: result.verdict, explain: () => explainSearch(model, result, limits) };
}

function checkDsm(text: string, file: string, limits: SearchLimits): Finding {
  const result = checkHistory(parseDsmHistory(text, file), limits);
  const explain = () =>
    listViolations(result.violations) + explainSearch(dsmModel, result.search, limits);
  return { verdict: result.verdict, explain };
}

const formats = {
  dsm: checkDsm,
  'jepsen-etcd': (text: string, file: string, limits: SearchLimits) =>
    checkRegisters(parseJepsenEtcd(text, file), limits),
  'porcupine-kv': (text: string, file: string, limits: SearchLimits) =>
    checkRegisters(parsePorcupineKv(text, file), limits),
} as const;

interface Options {
  readonly format: keyof typeof formats;
  readonly budgetSteps: number;
  readonly explain: boolean;
}

function parseSteps(text: string): number {
  const steps = Number(text);
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw new InvalidArgumentError('It must be a positive integer.');
  }
  return steps;
}

/** The verdict on one file, null where it cannot be read. */
async function verifyFile(file: string, options: Options, io: VerifyIo): Promise<Verdict | null> {
  const limits = { ...defaultSearchLimits, stepsMax: options.budgetSteps };
  try {
    const finding = formats[options.format](await readFile(file, 'utf8'), file, limits);
    io.stdout.write(`${file}\t${finding.verdict}\n`);
    if (options.explain && finding.verdict !== 'linearizable') {
      io.stderr.write(`${file}: ${finding.verdict}\n${finding.explain()}`);
    }
    return finding.verdict;
  } catch (error) {
    const message = error instanceof Error ? error.message : `${error}`;
    io.stderr.write(`error: ${message.startsWith(file) ? message : `${file}: ${message}`}\n`);
    return null;
  }
}

function createCommand(io: VerifyIo, onRun: (files: string[], options: Options) => Promise<void>) {
  return new Command('dsm verify-history')
    .description('Say of recorded histories whether they are linearizable.')
    .addOption(
      new Option('--format <name>', 'how the files are written')
        .choices(Object.keys(formats))
        .default('dsm'),
    )
    .option('--explain', 'say on stderr why a history is not linearizable', false)
    .option(
      '--budget-steps <count>',
      'steps of the search in one file after which the verdict is unknown',
      parseSteps,
      defaultSearchLimits.stepsMax,
    )
    .argument('<file...>', 'files to check')
    .addHelpText(
      'after',
      '\nPrints FILE<TAB>linearizable|not-linearizable|unknown for each file. Exits with 0 if all\n' +
        'are linearizable, 1 if some are not, 2 on wrong usage or a file that cannot be read.',
    )
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .exitOverride()
    .action(onRun);
}

/**
 * `argv`: what follows the verb. Answers the exit code: 0 if all files are linearizable, 1 if some
 * are not or were not decided, 2 on wrong usage or where a file cannot be read.
 */
export async function runVerifyHistory(argv: string[], io: VerifyIo): Promise<number> {
  const verdicts: (Verdict | null)[] = [];
  const command = createCommand(io, async (files, options) => {
    for (const file of files) verdicts.push(await verifyFile(file, options, io));
  });
  try {
    await command.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  if (verdicts.includes(null)) return 2;
  return verdicts.every((verdict) => verdict === 'linearizable') ? 0 : 1;
}

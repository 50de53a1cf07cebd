/** The command line of chaos. */
import { join } from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type ContractRuntime,
  contractRuntimes,
  parseContractRuntime,
} from '../contract/runtimes.ts';
import { type FaultKind, faultKinds } from './fault.ts';
import { type NetworkChoice, networkChoices } from './machine.ts';

export interface ChaosArguments {
  readonly runtime: ContractRuntime;
  readonly minutes: number;
  readonly kinds: readonly FaultKind[];
  readonly seed: number;
  readonly slaves: number;
  readonly network: NetworkChoice;
  readonly json: boolean;
  readonly isStrict: boolean;
  readonly outDir: string;
  /** False: it is removed where nothing was found. */
  readonly keepsHistory: boolean;
}

interface Options {
  readonly runtime: string;
  readonly minutes: number;
  readonly faults: readonly FaultKind[];
  readonly seed: number;
  readonly slaves: number;
  readonly network: NetworkChoice;
  readonly json: boolean;
  readonly strict: boolean;
  readonly out?: string;
}

const seedMax = 2 ** 31;

/** Ends the process where the arguments are none. */
export function parseArguments(words: readonly string[]): ChaosArguments {
  const command = new Command('chaos')
    .description('does to a cluster of real processes what the world would, and judges its answers')
    .addOption(
      new Option('--runtime <name>', 'what runs the nodes')
        .choices(contractRuntimes)
        .default('node'),
    )
    .option('--minutes <number>', 'how long', parseMinutes, 1)
    .option('--faults <kinds>', 'with commas between them', parseKinds, [...faultKinds])
    .option('--seed <number>', 'order of the faults; default: a new one', parseWhole(0, seedMax))
    .option('--slaves <number>', 'beside a master and a backup', parseWhole(2, 20), 3)
    .addOption(
      new Option('--network <way>', 'how links are cut').choices(networkChoices).default('auto'),
    )
    .option('--json', 'the summary as one line of JSON, and nothing of each fault', false)
    .option(
      '--strict',
      'fail also where a goal for ten minutes on a quiet machine is missed',
      false,
    )
    .option('--out <directory>', 'keep the history and the logs here, not only after a failure')
    .addHelpText('after', '\nExit codes: 0 safe; 1 not safe, or a goal was missed; 2 wrong usage.')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse(words, { from: 'user' });
  const { runtime, minutes, faults, slaves, network, json, strict, out, ...rest } =
    command.opts<Options>();
  const seed = rest.seed ?? Math.floor(Math.random() * seedMax);
  return {
    ...{ minutes, seed, slaves, network, json },
    runtime: parseContractRuntime(runtime, '--runtime'),
    kinds: faults,
    isStrict: strict,
    outDir: out ?? join('results', 'chaos', `${runtime}-${seed}`),
    keepsHistory: out !== undefined,
  };
}

export function repeatCommand(options: ChaosArguments): string {
  const { runtime, minutes, kinds, seed, slaves, network } = options;
  const words = ['--runtime', runtime, '--minutes', minutes, '--faults', kinds.join(',')];
  words.push('--seed', seed, '--slaves', slaves, '--network', network);
  return `npm run chaos -- ${words.join(' ')}`;
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (minutes > 0 && minutes <= 24 * 60) return minutes;
  throw new InvalidArgumentError('It must be more than 0 and at most 1440.');
}

function parseKinds(text: string): FaultKind[] {
  return text.split(',').map((word) => {
    const kind = faultKinds.find((known) => known === word);
    if (kind !== undefined) return kind;
    throw new InvalidArgumentError(`There is no "${word}"; there are ${faultKinds.join(', ')}.`);
  });
}

function parseWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

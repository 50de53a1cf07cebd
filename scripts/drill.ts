/**
 * Measures what the contract suite only proves: how long a takeover takes, how much disk a long log
 * takes, … with the default settings, on one runtime. It asks for a machine that does nothing else.
 */
import process from 'node:process';
import { Command, Option } from 'commander';
import {
  type ContractRuntime,
  contractRuntimes,
  parseContractRuntime,
} from '../src/contract/runtimes.ts';
import { cutPower, killActiveMaster, pauseActiveMaster, pauseSlave } from './drill/failures.ts';
import type { Finding } from './drill/finding.ts';
import { writeLongLog } from './drill/long-log.ts';
import { compareQuorums } from './drill/quorums.ts';

interface Options {
  readonly runtime: string;
  readonly only?: string;
  readonly kills: string;
  readonly writes: string;
}

const command = new Command('drill')
  .description('fails a local cluster on purpose, and says what was seen')
  .addOption(
    new Option('--runtime <name>', 'what runs the nodes').choices(contractRuntimes).default('node'),
  )
  .option('--only <drills>', 'kill, power, pause, slave, quorum, log; with commas between them')
  .option('--kills <number>', 'kills of the active master', '5')
  .option('--writes <number>', 'writes of the long log', '1000000')
  .parse();
const options = command.opts<Options>();
const runtime: ContractRuntime = parseContractRuntime(options.runtime, '--runtime');

/** In the order of the promises of the project. */
const drills: Readonly<Record<string, () => Promise<readonly Finding[]>>> = {
  kill: () => killActiveMaster(runtime, Number(options.kills)),
  power: () => cutPower(runtime, 2),
  pause: () => pauseActiveMaster(runtime),
  slave: () => pauseSlave(runtime),
  quorum: () => compareQuorums(runtime),
  log: () => writeLongLog(runtime, Number(options.writes)),
};

const wanted = options.only?.split(',') ?? Object.keys(drills);
let missed = 0;
for (const name of wanted) {
  const drill = drills[name] ?? command.error(`there is no drill "${name}"; see --help`);
  for (const { title, figure, goal, isMet } of await drill()) {
    if (!isMet) missed += 1;
    const verdict = isMet ? 'ok    ' : 'MISSED';
    process.stdout.write(`${verdict} ${runtime} ${title}\n         ${figure} (goal: ${goal})\n`);
  }
}
process.exit(missed === 0 ? 0 : 1);

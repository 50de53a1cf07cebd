/**
 * The benchmark suite's one entry: `npm run bench` is a quick sweep, `npm run bench -- --help`
 * lists the rest. Exit codes: 0 valid, 1 usage, 2 a hard gate failed, 3 the machine lacks what it
 * takes, 130 interrupted.
 */
import { Command } from 'commander';
import { addCheck } from './commands/check.ts';
import { addCompare } from './commands/compare.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFailover } from './commands/failover.ts';
import { addPeers } from './commands/peers.ts';
import { addPlot } from './commands/plot.ts';
import { addSweep } from './commands/sweep.ts';
import { exitCodes } from './sweep/interrupt.ts';

const program = new Command('bench')
  .description('measures dsm and its peers, and says what the numbers are worth')
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.usage));
addSweep(program, 'quick', true);
addSweep(program, 'sweep', false);
addPeers(program);
addFailover(program);
addCheck(program);
addPlot(program);
addCompare(program);
addDoctor(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = exitCodes.usage;
}

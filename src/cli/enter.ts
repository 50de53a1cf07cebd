/** Where every executable file of dsm begins: arguments in, exit code out. */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { StartModule } from '../runtime/config.ts';
import { runCli } from './program.ts';

/** Sources are `.ts`; what is published is `.js`. */
const mainFile = import.meta.url.endsWith('.ts') ? './main.ts' : './main.js';

/** Runs `dsm` with `words` before the arguments of the process, then ends the process. */
export async function enter(...words: readonly string[]): Promise<never> {
  const script = fileURLToPath(new URL(mainFile, import.meta.url));
  const exitCode = await runCli([...words, ...process.argv.slice(2)], { script, loadStart });
  // Kept-alive connections and open pipes would keep some runtimes from ending by themselves.
  process.exit(exitCode);
}

/** Loaded late: the verbs that start no node answer faster without. */
const loadStart = (): Promise<StartModule> => import('../runtime/start.ts');

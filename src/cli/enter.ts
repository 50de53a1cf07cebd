/** Where every executable file of dsm begins: arguments in, exit code out. */
import module from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { StartModule } from '../runtime/config.ts';
import { exitCodes } from './exit.ts';

/** Sources are `.ts`; what is published is `.js`. */
const mainFile = import.meta.url.endsWith('.ts') ? './main.ts' : './main.js';

/** Runs `dsm` with `words` before the arguments of the process, then ends the process. */
export async function enter(...words: readonly string[]): Promise<never> {
  const fault = runtimeFault();
  if (fault !== null) {
    process.stderr.write(`${fault}\n`);
    process.exit(exitCodes.usage);
  }
  // Two thirds of a start are compiling, which Node then does once. Bun and Deno see to it themselves.
  module.enableCompileCache?.();
  const { runCli } = await import('./program.ts');
  const script = fileURLToPath(new URL(mainFile, import.meta.url));
  const exitCode = await runCli([...words, ...process.argv.slice(2)], { script, loadStart });
  // Kept-alive connections and open pipes would keep some runtimes from ending by themselves.
  process.exit(exitCode);
}

/** The oldest Node: major, minor. As `engines` of package.json says. */
const nodeMin = [22, 19] as const;

/** npm only warns of an old Node, and what breaks there breaks late and with a riddle. */
function runtimeFault(): string | null {
  const { node, bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined) return null;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  if (major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])) return null;
  return `dsm needs Node ${nodeMin.join('.')} or newer, or Bun, or Deno; this is Node ${node}`;
}

/** Loaded late: the verbs that start no node answer faster without. */
const loadStart = (): Promise<StartModule> => import('../runtime/start.ts');

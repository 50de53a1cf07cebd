/** How the command line ends: an exit code that a script can act on, and one clear line. */
import { CommanderError } from 'commander';
import { DsmError } from '../core/errors.ts';
import { ConfigError } from '../runtime/config.ts';

export const exitCodes = Object.freeze({
  ok: 0,
  /** The key is absent, the precondition does not hold, the cluster's state does not allow it. */
  refused: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** Nobody could serve the call; it certainly had no effect. */
  unavailable: 3,
  /** The call may have had its effect. */
  unknown: 4,
});

export const exitCodesHelp = `
Exit codes: 0 done · 1 not found, or the precondition does not hold · 2 wrong usage
            3 unavailable, nothing happened · 4 it is unknown whether it happened`;

const refusals: ReadonlySet<string> = new Set([
  'not_found',
  'precondition_failed',
  'conflict',
  'not_a_number',
  'out_of_range',
  'too_many_keys',
  'lock_held',
]);

/** Of a file that the command line names. */
const fileFaults: ReadonlySet<unknown> = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR']);

export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return exitCodes.usage;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof Error && 'code' in error && fileFaults.has(error.code))
    return exitCodes.usage;
  if (!(error instanceof DsmError)) return exitCodes.unavailable;
  if (refusals.has(error.code)) return exitCodes.refused;
  if (error.outcome === 'unknown') return exitCodes.unknown;
  return error.retryable || error.status === 507 ? exitCodes.unavailable : exitCodes.usage;
}

/** What to tell about `error`; null where commander has told it. `verb` as in `dsm read`. */
export function failureText(verb: string, error: unknown): string | null {
  if (error instanceof CommanderError) return null;
  if (error instanceof ConfigError) {
    const count = error.faults.length === 1 ? 'a mistake' : `${error.faults.length} mistakes`;
    const lines = error.faults.map((fault) => `  ${fault}`);
    return [`${verb}: ${count} in the configuration`, ...lines, `See ${verb} --help`].join('\n');
  }
  const message = error instanceof Error ? error.message : String(error);
  return `${verb}: ${message}`;
}

/** A copy of the sources in a temporary directory, in which a mutant lives. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyPatch, type Patch } from './mutant.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

export interface Workspace {
  readonly directory: string;
  remove(): void;
}

/** Throws a MutantError where a patch does not fit; then nothing is left behind. */
export function makeWorkspace(patches: readonly Patch[]): Workspace {
  const directory = mkdtempSync(join(tmpdir(), 'dsm-mutant-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    cpSync(join(repository, 'src'), join(directory, 'src'), {
      recursive: true,
      filter: (path) => !path.endsWith('.test.ts'),
    });
    cpSync(join(repository, 'package.json'), join(directory, 'package.json'));
    symlinkSync(join(repository, 'node_modules'), join(directory, 'node_modules'));
    for (const patch of patches) {
      const path = join(directory, 'src', patch.file);
      writeFileSync(path, applyPatch(readFileSync(path, 'utf8'), patch));
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { directory, remove };
}

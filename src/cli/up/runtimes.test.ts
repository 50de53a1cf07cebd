import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { heapGrowthFlag } from '../../runtime/heap-growth.ts';
import { runtimeCommand } from './runtimes.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dsm-runtimes-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function install(path: string, start: string): string {
  const whole = join(folder, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, `${start}…`);
  chmodSync(whole, 0o755);
  return whole;
}

describe('a runtime', () => {
  it('that runs now is started from where it is', () => {
    expect(runtimeCommand('node', '/x/main.ts')).toEqual([process.execPath, '/x/main.ts']);
  });

  it('is found beside the package before the PATH', () => {
    const beside = install('package/node_modules/.bin/bun', '\x7fELF');
    const onPath = install('path/bun', '\x7fELF');
    vi.stubEnv('PATH', join(folder, 'path'));
    const script = join(folder, 'package/dist/cli/main.js');
    expect(runtimeCommand('bun', script)).toEqual([beside, script]);
    expect(runtimeCommand('bun', '/x/main.ts')).toEqual([onPath, '/x/main.ts']);
  });

  it('that is not found is named', () => {
    vi.stubEnv('PATH', folder);
    expect(() => runtimeCommand('deno', '/x/main.ts')).toThrow(
      'deno is not installed: npm install',
    );
  });

  it('is never a script that starts it: its process would be another one', () => {
    install('path/deno', '#!/usr/bin/env node');
    vi.stubEnv('PATH', join(folder, 'path'));
    expect(() => runtimeCommand('deno', '/x/main.ts')).toThrow('npm rebuild deno');
    const native = install('second/deno', '\x7fELF');
    vi.stubEnv('PATH', `${join(folder, 'path')}:${join(folder, 'second')}`);
    expect(runtimeCommand('deno', '/x/main.ts')[0]).toBe(native);
  });

  it('gets the flag for its heap on its command line where it can be set nowhere else', () => {
    install('path/deno', '\x7fELF');
    vi.stubEnv('PATH', join(folder, 'path'));
    const words = runtimeCommand('deno', '/x/main.ts');
    expect(words).toContain(`--v8-flags=${heapGrowthFlag}`);
    expect(words.at(-1)).toBe('/x/main.ts');
  });
});

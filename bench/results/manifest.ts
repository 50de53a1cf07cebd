/**
 * Where a run comes from: versions, commit, machine, arguments, seed. It names the kind of machine,
 * never the machine: results are published.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { z } from 'zod';
import { findProgram } from '../targets/processes.ts';

export const manifestSchema = z.object({
  schemaVersion: z.literal(1),
  runId: z.string(),
  command: z.string(),
  argv: z.array(z.string()),
  seed: z.number(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  status: z.enum(['running', 'complete', 'aborted']),
  git: z.object({ commit: z.string(), dirty: z.boolean() }),
  /** SHA-256 of package-lock.json, its first 12 digits. */
  lockfile: z.string(),
  versions: z.record(z.string(), z.string()),
  host: z.object({
    cpu: z.string(),
    cores: z.number(),
    memoryBytes: z.number(),
    kernel: z.string(),
    /** Whether the logs of the servers went to memory: then a sync costs nothing. */
    dataOnTmpfs: z.boolean(),
    fingerprint: z.string(),
  }),
  /** Every machine and commit that contributed cells, where a run was resumed on another. */
  contributors: z.array(z.string()),
  /** Cells asked for, with what became of them. */
  cells: z.array(
    z.object({
      key: z.string(),
      repeat: z.number(),
      state: z.enum(['pending', 'done', 'failed']),
      detail: z.string(),
    }),
  ),
});
export type Manifest = z.infer<typeof manifestSchema>;

const tmpfsMagic = 0x0102_1994;
const rootUrl = new URL('../../', import.meta.url);

function run(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, {
      cwd: rootUrl,
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  } catch {
    return '';
  }
}

/** '' where the program is absent or says no version. */
function programVersion(name: string, ...args: string[]): string {
  const program = name === 'k6' ? (process.env.K6_BIN ?? findProgram(name)) : findProgram(name);
  if (program === null) return '';
  return versionIn(run(program, args));
}

const versionIn = (text: string): string => /\d+\.\d+\.\d+/.exec(text)?.[0] ?? '';

function packageVersion(name: string): string {
  const url = new URL(`node_modules/${name}/package.json`, rootUrl);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(url, 'utf8'))).version;
}

export function collectVersions(): Record<string, string> {
  const all = {
    node: process.versions.node,
    bun: programVersion('bun', '--version'),
    deno: programVersion('deno', '--version'),
    hono: packageVersion('hono'),
    autocannon: packageVersion('autocannon'),
    undici: packageVersion('undici'),
    k6: programVersion('k6', 'version'),
    etcd: programVersion('etcd', '--version'),
    redis: programVersion('redis-server', '--version'),
    // Started with any argument it takes that for its configuration, so its package is asked.
    webdis: versionIn(run('dpkg-query', ['--show', 'webdis'])),
  };
  return Object.fromEntries(Object.entries(all).filter(([, version]) => version !== ''));
}

export async function describeHost(dataRoot: string): Promise<Manifest['host']> {
  const facts = {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    dataOnTmpfs: (await statfs(dataRoot)).type === tmpfsMagic,
  };
  const fingerprint = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 8);
  return { ...facts, fingerprint };
}

export function describeTree(): Pick<Manifest, 'git' | 'lockfile'> {
  const lock = readFileSync(new URL('package-lock.json', rootUrl));
  return {
    git: {
      commit: run('git', ['rev-parse', '--short=10', 'HEAD']) || 'unknown',
      dirty: run('git', ['status', '--porcelain', '--untracked-files=no', '--', '.']) !== '',
    },
    lockfile: createHash('sha256').update(lock).digest('hex').slice(0, 12),
  };
}

export const contributorOf = ({ git, host }: Pick<Manifest, 'git' | 'host'>): string =>
  `${git.commit}${git.dirty ? '+changes' : ''}@${host.fingerprint}`;

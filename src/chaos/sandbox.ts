/**
 * A world of its own for processes, network devices and mounts (Linux namespaces). Chaos runs in
 * one, so that nothing it starts, plugs or mounts can outlive it: when its first process ends,
 * however it ends, the kernel ends the others and takes everything down.
 */
import { spawn, spawnSync } from 'node:child_process';
import process from 'node:process';
import { onParentGone } from '../cli/run-node.ts';

const insideVariable = 'DSM_CHAOS_SANDBOX';
const probeTimeoutMs = 5000;

const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
/** Where this user is not root, a user namespace makes it one for networks, though not for disks. */
const flagsByPreference = [namespaces, ['--user', '--map-root-user', ...namespaces]];

/** A new network has a loopback device that is off. */
const withLoopback = ['sh', '-c', 'ip link set lo up && exec "$0" "$@"'];

export const isInSandbox = process.env[insideVariable] !== undefined;

/** The flags of `unshare` that work here; null where none do. */
export function sandboxFlags(): readonly string[] | null {
  const works = (flags: readonly string[]) =>
    spawnSync('unshare', [...flags, ...withLoopback, 'true'], { timeout: probeTimeoutMs })
      .status === 0;
  return flagsByPreference.find(works) ?? null;
}

/**
 * Runs this program again in a sandbox made with `flags`; resolves with its exit code. `scratch` is
 * where it, and all that it starts, put temporary files.
 */
export function runInSandbox(flags: readonly string[], scratch: string): Promise<number> {
  const words = [...flags, ...withLoopback, process.execPath, ...process.argv.slice(1)];
  const child = spawn('unshare', words, {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, [insideVariable]: '1', TMPDIR: scratch },
  });
  process.on('exit', () => child.kill('SIGKILL'));
  // Ctrl+C reaches the one inside too, which says what it has seen so far.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** In a sandbox: the end of the process outside is the end of this one. */
export function endWithSandbox(): void {
  onParentGone(() => process.exit(1));
}

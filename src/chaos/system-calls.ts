/**
 * Makes system calls of a running process fail or take long, from outside (`strace`): so a real
 * node on any runtime meets a disk that fails, and no switch for it is in its code. While strace is
 * attached, every system call of the process takes longer, which is part of the fault.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export class SystemCalls {
  readonly #strace: ChildProcess;

  private constructor(pid: number, words: readonly string[]) {
    const common = ['-qq', '-f', '-o', '/dev/null', '-p', String(pid)];
    this.#strace = spawn('strace', [...common, ...words], { stdio: 'ignore' });
  }

  /** Every sync fails with EIO. */
  static failSyncs(pid: number): SystemCalls {
    return new SystemCalls(pid, inject('fdatasync,fsync', 'error=EIO'));
  }

  /** Every sync takes `delayMs` longer. */
  static slowSyncs(pid: number, delayMs: number): SystemCalls {
    return new SystemCalls(pid, inject('fdatasync,fsync', `delay_enter=${delayMs * 1000}`));
  }

  /** Every write to one of `files` finds the disk full. */
  static fillDisk(pid: number, files: readonly string[]): SystemCalls {
    const paths = files.flatMap((file) => ['-P', file]);
    return new SystemCalls(pid, [
      ...paths,
      ...inject('write,writev,pwrite64,pwritev', 'error=ENOSPC'),
    ]);
  }

  /** From now on the process is left alone. Idempotent. */
  async release(): Promise<void> {
    if (this.#strace.exitCode !== null || this.#strace.signalCode !== null) return;
    const ended = once(this.#strace, 'exit');
    this.#strace.kill('SIGTERM');
    await ended;
  }
}

function inject(calls: string, what: string): string[] {
  return ['-e', `trace=${calls}`, '-e', `inject=${calls}:${what}`];
}

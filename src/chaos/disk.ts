/**
 * The disk of a master, which can lose its power: a file system of its own in an image file. The
 * kernel shuts it down on demand without writing anything back (EXT4_IOC_SHUTDOWN), so that what was
 * not synced is gone, as after a power cut. `kill -9` alone loses nothing that was ever written.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SeededRandom } from '../sim/seeded-random.ts';

/** Sparse: what is not used takes no room. */
const imageBytes = 1024 ** 3;
const shutdownIoctl = '0x8004587d';
const withoutWritingBack = 2;

export class Disk {
  /** The directory that the node is given. */
  readonly #directory: string;
  readonly #image: string;
  readonly #mountPoint: string;
  readonly #hasPower: boolean;
  #isMounted = false;
  #replaced = 0;

  /** Without `hasPower` it is a plain directory: nothing that was written can be lost. */
  constructor(directory: string, hasPower: boolean) {
    this.#directory = directory;
    this.#image = `${directory}.image`;
    this.#mountPoint = `${directory}.disk`;
    this.#hasPower = hasPower;
    mkdirSync(this.#mountPoint);
    if (hasPower) {
      const file = openSync(this.#image, 'w');
      ftruncateSync(file, imageBytes);
      closeSync(file);
      const lazily = 'lazy_itable_init=1,lazy_journal_init=1';
      execFileSync('mkfs.ext4', ['-q', '-F', '-E', lazily, this.#image], { stdio: 'pipe' });
      this.mount();
    }
    const data = join(this.#mountPoint, 'data');
    mkdirSync(data);
    symlinkSync(data, directory);
  }

  mount(): void {
    if (!this.#hasPower) return;
    run('mount', '-o', 'loop', this.#image, this.#mountPoint);
    this.#isMounted = true;
  }

  /** What was not synced is gone, and nothing can be read or written until it is mounted again. */
  cutPower(): void {
    if (!this.#hasPower) return;
    const script =
      'open(D, "<", shift) or die $!; $f = pack("I", shift); ioctl(D, hex(shift), $f) or die $!';
    run('perl', '-e', script, this.#mountPoint, String(withoutWritingBack), shutdownIoctl);
  }

  /** Once every process that used it is gone. Idempotent. */
  unmount(): void {
    if (!this.#isMounted) return;
    run('umount', this.#mountPoint);
    this.#isMounted = false;
  }

  /** Flips one bit of what a node that does not run has written; answers which. */
  flipBit(random: SeededRandom): string {
    const names = readdirSync(this.#directory).filter((name) =>
      /^(log|snapshot)-.*\.dsm$/.test(name),
    );
    const name = random.pick(names.toSorted());
    const path = join(this.#directory, name);
    const bytes = readFileSync(path);
    // Log files are made longer than what is written to them.
    const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const offset = random.integer(0, Math.max(0, end - 1));
    const bit = random.integer(0, 7);
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
    writeFileSync(path, bytes, { flush: true });
    return `bit ${bit} of byte ${offset} of ${end} in ${name}`;
  }

  /** What an operator does with a damaged log: it is moved away, and the node begins anew. */
  replace(): void {
    this.#replaced += 1;
    const data = join(this.#mountPoint, 'data');
    renameSync(data, `${data}.damaged-${this.#replaced}`);
    mkdirSync(data);
  }

  /** The files that a running node writes to. */
  logFiles(): string[] {
    const names = readdirSync(this.#directory).filter((name) => /^(log|meta).*\.dsm$/.test(name));
    return names.map((name) => join(this.#mountPoint, 'data', name));
  }
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}

/**
 * A disk in memory that can be cut from its power. It is as forgetful as the contract of the `Disk`
 * port allows: nothing survives that was not synced, unless the dice say so, and names are durable
 * only when their directory was synced. Every choice is drawn from one seeded `Random`.
 *
 *     crash()  the power fails: what is not synced survives in part or not at all
 *     kill()   the process dies: what was written is still there, but no more durable than before
 *
 * After either, the same object serves the reborn node; whatever the dead one had under way never
 * calls back.
 */
import { asError, createLane, type Lane, type Step } from '../adapters/log-steps.ts';
import { assert } from '../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk, DiskDone, DiskFile } from '../ports/disk.ts';
import type { Random } from '../ports/random.ts';
import { noDiskFaults, type SimDiskFaults } from './sim-disk-faults.ts';
import { SimInode } from './sim-inode.ts';
import { SimNames } from './sim-names.ts';

export interface SimDiskOptions {
  readonly random: Random;
  readonly clock: Clock;
  readonly faults?: Partial<SimDiskFaults>;
}

function diskError(code: 'EIO' | 'ENOSPC' | 'ENOENT' | 'EBADF', what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

interface Span {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The end of an operation: changes what is durable, and says how it went. */
type Finish = () => Error | undefined;

const succeed: Finish = () => undefined;
const fail =
  (error: Error): Finish =>
  () =>
    error;

export class SimDisk implements Disk {
  readonly faults: SimDiskFaults;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #names = new SimNames();
  /** Counts lives: what was begun in an earlier one is never heard of again. */
  #life = 0;

  constructor({ random, clock, faults = {} }: SimDiskOptions) {
    this.#random = random;
    this.#clock = clock;
    this.faults = { ...noDiskFaults, ...faults };
  }

  /** The power fails, and comes back. */
  crash(): void {
    this.#life += 1;
    const dice = this.#random.next();
    const keptShare = dice < 0.25 ? 0 : dice > 0.75 ? 1 : this.#random.next();
    this.#names.cutPower(keptShare, this.#random);
    for (const inode of this.#names.inodes()) inode.cutPower(keptShare, this.#random);
  }

  /** The process dies; the machine goes on. */
  kill(): void {
    this.#life += 1;
  }

  /** A copy of all files, as programs see them. */
  files(): Map<string, Uint8Array> {
    return new Map(this.#names.list().map((name) => [name, this.#inode(name).read()]));
  }

  /** Damage: `name` is these bytes from now on, durably. */
  overwrite(name: string, bytes: Uint8Array): void {
    const inode = this.#names.get(name) ?? new SimInode();
    inode.overwrite(bytes);
    this.#names.force(name, inode);
  }

  /** Damage: flips a bit of `name`, not in zeros at its end. Returns where, or -1 if it is all zeros. */
  flipBit(name: string): number {
    const bytes = this.#inode(name).read();
    const writtenBytes = bytes.findLastIndex((byte) => byte !== 0) + 1;
    if (writtenBytes === 0) return -1;
    const offset = Math.floor(this.#random.next() * writtenBytes);
    const byte = bytes[offset];
    if (byte === undefined) return -1;
    bytes[offset] = byte ^ (1 << Math.floor(this.#random.next() * 8));
    this.overwrite(name, bytes);
    return offset;
  }

  list(): string[] {
    this.#names.syncUpTo(this.#names.changeCount);
    return this.#names.list();
  }

  read(name: string): Uint8Array {
    const inode = this.#inode(name);
    inode.syncUpTo(inode.changeCount);
    return inode.read();
  }

  open(name: string): DiskFile {
    let inode = this.#names.get(name);
    if (inode === undefined) {
      inode = new SimInode();
      this.#names.change({ kind: 'create', name, inode });
    }
    return this.#openInode(name, inode);
  }

  rename(from: string, to: string, done: DiskDone): void {
    this.#operate(() => {
      this.#names.change({ kind: 'rename', from, to, inode: this.#inode(from) });
      return succeed;
    }, done);
  }

  remove(name: string, done: DiskDone): void {
    this.#operate(() => {
      this.#inode(name);
      this.#names.change({ kind: 'remove', name });
      return succeed;
    }, done);
  }

  syncDirectory(done: DiskDone): void {
    const covered = this.#names.changeCount;
    const succeeded = () => this.#names.syncUpTo(covered);
    const failed = () => {};
    this.#operate(() => this.#sync('the directory', succeeded, failed), done);
  }

  #openInode(name: string, inode: SimInode): DiskFile {
    const life = this.#life;
    const lane: Lane = createLane();
    let isClosed = false;
    const operate = (begin: () => Finish, done: DiskDone) =>
      lane((next) => {
        if (life !== this.#life) return;
        const refuse = () => fail(diskError('EBADF', `${name} is closed`));
        this.#operate(isClosed ? refuse : begin, next);
      }, done);
    return {
      get sizeBytes() {
        return inode.sizeBytes;
      },
      write: (offset, chunks, done) =>
        operate(() => this.#write(name, inode, { offset, bytes: Buffer.concat(chunks) }), done),
      sync: (done) => operate(() => this.#syncInode(name, inode), done),
      truncate: (sizeBytes, done) =>
        operate(() => {
          inode.truncate(sizeBytes);
          return succeed;
        }, done),
      close() {
        const markClosed: Step = (next) => {
          isClosed = true;
          next();
        };
        lane(markClosed, () => {});
      },
    };
  }

  #write(name: string, inode: SimInode, { offset, bytes }: Span): Finish {
    assert(offset <= inode.sizeBytes, () => `${name} would have a hole before byte ${offset}`);
    let usedBytes = 0;
    for (const { sizeBytes } of this.#names.inodes()) usedBytes += sizeBytes;
    const roomBytes = inode.sizeBytes - offset + Math.max(0, this.faults.capacityBytes - usedBytes);
    if (roomBytes < bytes.length) {
      inode.write(offset, bytes.subarray(0, roomBytes));
      return fail(diskError('ENOSPC', `no space left for ${name}`));
    }
    if (this.#random.next() < this.faults.writeFailShare) {
      inode.write(offset, bytes.subarray(0, Math.floor(this.#random.next() * bytes.length)));
      return fail(diskError('EIO', `writing ${name}`));
    }
    inode.write(offset, bytes);
    return succeed;
  }

  #syncInode(name: string, inode: SimInode): Finish {
    const covered = inode.changeCount;
    const succeeded = () => inode.syncUpTo(covered);
    const failed = () => inode.loseUpTo(covered, this.#random);
    return this.#sync(name, succeeded, failed);
  }

  #sync(what: string, onSuccess: () => void, onFailure: () => void): Finish {
    if (this.#random.next() >= this.faults.syncFailShare) {
      return () => {
        onSuccess();
        return undefined;
      };
    }
    return () => {
      onFailure();
      return diskError('EIO', `syncing ${what}`);
    };
  }

  /** Begins now, ends and calls back after a time; neither, where this life is over by then. */
  #operate(begin: () => Finish, done: DiskDone): void {
    const life = this.#life;
    const { latencyMsMin, latencyMsMax, stallShare, stallMs } = this.faults;
    const stalledMs = this.#random.next() < stallShare ? stallMs : 0;
    const delayMs = latencyMsMin + this.#random.next() * (latencyMsMax - latencyMsMin) + stalledMs;
    let finish: Finish;
    try {
      finish = begin();
    } catch (error) {
      finish = fail(asError(error));
    }
    this.#clock.setTimer(delayMs, () => {
      if (life === this.#life) done(finish());
    });
  }

  #inode(name: string): SimInode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw diskError('ENOENT', `there is no ${name}`);
    return inode;
  }
}

export function createSimDisk(options: SimDiskOptions): SimDisk {
  return new SimDisk(options);
}

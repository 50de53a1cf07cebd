/**
 * A cluster in which nothing happens by itself: every message, every sync and every clock waits for
 * the walk to move it. The nodes are the real ones; only time has no measure, so that what takes
 * the simulator a rare coincidence of delays is one step here among a few dozen.
 */
import type { Limits } from '../../core/limits.ts';
import type { DsmNode } from '../../node/node.ts';
import { silentLogger } from '../../ports/logger.ts';
import type { PeerAnswer, PeerCall, PeerDone, Peers } from '../../ports/peers.ts';
import type { TransportFailure } from '../../ports/transport.ts';
import { bearMaster, bearSlave } from '../lives.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { HandClock, HandDisk } from './hand-ports.ts';

export interface WalkSeat {
  readonly name: string;
  readonly url: string;
  readonly role: 'master' | 'slave';
  readonly disk: HandDisk | null;
  /** Own milliseconds for each one of the walk. */
  rate: number;
  clock: HandClock | null;
  node: DsmNode | null;
}

/** A request or an answer on its way. */
export interface Letter {
  readonly from: WalkSeat;
  readonly to: WalkSeat;
  readonly deliver: () => void;
}

/** Letters on their way; the oldest is lost when there are more. */
const lettersMax = 80;

export interface WalkOptions {
  readonly masters: number;
  readonly slaves: number;
  readonly limits: Limits;
  readonly readFrom: 'master' | 'slaves';
  readonly random: SeededRandom;
  /** Every answer of a node as it leaves. */
  readonly onAnswer: (call: PeerCall, answer: PeerAnswer) => void;
}

export class WalkWorld {
  readonly seats: WalkSeat[] = [];
  letters: Letter[] = [];
  readonly #options: WalkOptions;
  readonly #masterUrls: string[];

  constructor(options: WalkOptions) {
    this.#options = options;
    const names = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);
    const masters = names('m', options.masters);
    this.#masterUrls = masters.map((name) => `http://${name}`);
    for (const name of masters) this.#addSeat(name, 'master');
    for (const name of names('s', options.slaves)) this.#addSeat(name, 'slave');
  }

  #addSeat(name: string, role: 'master' | 'slave'): void {
    const disk = role === 'master' ? new HandDisk() : null;
    const url = `http://${name}`;
    this.seats.push({ name, url, role, disk, rate: 1, clock: null, node: null });
  }

  get running(): WalkSeat[] {
    return this.seats.filter(({ node }) => node !== null);
  }

  start(seat: WalkSeat): void {
    const { random, limits, readFrom } = this.#options;
    const clock = new HandClock();
    const ports = { clock, random, logger: silentLogger, peers: this.#peersOf(seat, clock) };
    const onFatal = () => this.crash(seat, 0);
    const { url, disk } = seat;
    const life = { url, limits, ports, masterUrls: this.#masterUrls, onFatal };
    seat.clock = clock;
    seat.node =
      disk === null
        ? bearSlave(life)
        : bearMaster({ ...life, storage: disk.open(), placement: 'random', readFrom });
  }

  /** kill -9 and power failure: `reached` of the operations under way are on the disk. */
  crash(seat: WalkSeat, reached: number): void {
    seat.clock?.die();
    seat.disk?.crash(reached);
    seat.node = null;
    seat.clock = null;
  }

  #peersOf(from: WalkSeat, clock: HandClock): Peers {
    return { call: (url, call, done) => this.#call(from, clock, url, call, done) };
  }

  #call(from: WalkSeat, clock: HandClock, url: string, call: PeerCall, done: PeerDone): void {
    const to = this.seats.find((seat) => seat.url === url);
    if (to === undefined) throw new RangeError(`nobody lives at ${url}`);
    let isOpen = true;
    const finish = (failure: TransportFailure | null, answer: PeerAnswer | null) => {
      // The caller may have died since.
      if (!isOpen || from.clock !== clock) return;
      isOpen = false;
      timer.cancel();
      done(failure, answer);
    };
    const timer = clock.setTimer(call.timeoutMs, () => finish('timeout', null));
    this.#post({ from, to, deliver: () => this.#serve(from, to, call, finish) });
  }

  #serve(
    from: WalkSeat,
    to: WalkSeat,
    call: PeerCall,
    finish: (failure: TransportFailure | null, answer: PeerAnswer | null) => void,
  ): void {
    if (to.node === null) return finish('refused', null);
    to.node.onPeerCall(call.name, call.message, call.body ?? new Uint8Array(0), (answer) => {
      this.#options.onAnswer(call, answer);
      this.#post({ from: to, to: from, deliver: () => finish(null, answer) });
    });
  }

  #post(letter: Letter): void {
    this.letters.push(letter);
    if (this.letters.length > lettersMax) this.letters.shift();
  }

  /** Delivers one of the letters; `keep` leaves a copy on its way. */
  deliver(letter: Letter, keep = false): void {
    if (!keep) this.letters = this.letters.filter((other) => other !== letter);
    letter.deliver();
  }

  /** A while in which nothing goes wrong: for the beginning and the end of a walk. */
  calm(durationMs: number, isOver: () => boolean = () => false): void {
    for (let ms = 0; ms < durationMs && !isOver(); ms += 10) {
      for (const { clock } of this.seats) clock?.advance(10);
      for (let round = 0; round < 20; round += 1) {
        const { letters } = this;
        this.letters = [];
        for (const letter of letters) letter.deliver();
        for (const { disk } of this.seats) while (disk?.isIdle === false) disk.finishNext();
        if (this.letters.length === 0) break;
      }
    }
  }
}

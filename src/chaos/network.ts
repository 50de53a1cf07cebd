/**
 * A network between the nodes in which every direction of every link can be cut or made slow. Each
 * node has a network namespace with one cable to a bridge. What it sends to each of the others has
 * a class of its own (HTB): a class whose queue has no room for a packet loses all of them, without
 * a word to anybody, as a broken cable does; a class with a low rate is a slow link.
 *
 * Needs the sandbox, `ip` and `tc`.
 */
import { execFileSync } from 'node:child_process';
import { clients, type Links } from './links.ts';

const subnet = '10.213.7';
/** The clients are this process, outside of all the nodes' namespaces. */
const clientsNumber = 254;
const fullRate = '10gbit';
/** Some 20 KB/s: an append of a few records takes a few hundred ms. */
const slowRate = '160kbit';
/** What may wait for a slow link, in bytes; the rest is lost: 0.8 s at that rate. */
const slowQueueBytes = 16_000;
const queuePackets = 1000;

export class Network implements Links {
  readonly #numbers: ReadonlyMap<string, number>;
  /** Links that are not as they should be, as `from>to`. */
  readonly #impaired = new Set<string>();

  /** Throws where the machine does not let itself be cabled so. */
  constructor(names: readonly string[]) {
    this.#numbers = new Map([
      ...names.map((name, index) => [name, index + 1] as const),
      [clients, clientsNumber] as const,
    ]);
    ip('link add bridge type bridge', 'link set bridge up');
    ip(`addr add ${this.hostOf(clients)}/24 dev bridge`);
    execFileSync('mkdir', ['-p', '/run/netns']);
    // `ip netns` keeps its names in files; these are seen in the sandbox only.
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/run/netns']);
    for (const name of names) this.#plugIn(name);
  }

  #plugIn(name: string): void {
    const cable = `cable${this.#numberOf(name)}`;
    ip(`netns add ${name}`, `link add ${cable} type veth peer name eth0 netns ${name}`);
    ip(`link set ${cable} master bridge up`);
    execFileSync('ip', ['-n', name, '-batch', '-'], {
      input: `addr add ${this.hostOf(name)}/24 dev eth0\nlink set eth0 up\nlink set lo up\n`,
    });
    const lines = [
      'qdisc add dev eth0 root handle 1: htb default 1',
      classLine('add', 1, fullRate),
    ];
    for (const [other, number] of this.#numbers) {
      if (other === name) continue;
      lines.push(classLine('add', classOf(number), fullRate), queueLine(classOf(number), 'full'));
      const match = `u32 match ip dst ${this.hostOf(other)}/32`;
      lines.push(
        `filter add dev eth0 parent 1: protocol ip ${match} flowid 1:${hex(classOf(number))}`,
      );
    }
    tc(name, lines);
  }

  hostOf(name: string): string {
    return `${subnet}.${this.#numberOf(name)}`;
  }

  /** Not `ip netns exec`, which would give each node its own view of the mounts. */
  prefixOf(name: string): string[] {
    return ['nsenter', `--net=/run/netns/${name}`, '--'];
  }

  #numberOf(name: string): number {
    const number = this.#numbers.get(name);
    if (number === undefined) throw new Error(`${name} is not in this network`);
    return number;
  }

  cut(from: string, to: string): void {
    this.#change(from, to, [queueLine(this.#classTo(to), 'cut')]);
  }

  slow(from: string, to: string): void {
    const number = this.#classTo(to);
    this.#change(from, to, [classLine('change', number, slowRate), queueLine(number, 'slow')]);
  }

  #change(from: string, to: string, lines: readonly string[]): void {
    this.#impaired.add(`${from}>${to}`);
    tc(from, lines);
  }

  heal(): void {
    for (const link of this.#impaired) {
      const [from = '', to = ''] = link.split('>');
      const number = this.#classTo(to);
      tc(from, [classLine('change', number, fullRate), queueLine(number, 'full')]);
    }
    this.#impaired.clear();
  }

  #classTo(name: string): number {
    return classOf(this.#numberOf(name));
  }
}

const classOf = (number: number) => 16 + number;
const hex = (number: number) => number.toString(16);

function classLine(verb: 'add' | 'change', number: number, rate: string): string {
  const sizes = rate === slowRate ? 'burst 1600 cburst 1600 quantum 1600' : 'quantum 60000';
  return `class ${verb} dev eth0 parent 1: classid 1:${hex(number)} htb rate ${rate} ceil ${rate} ${sizes}`;
}

/** Each kind of queue has handles of its own: one cannot become another one in place. */
const handleOf = { full: 0x100, slow: 0x200, cut: 0x300 } as const;

function queueLine(number: number, kind: keyof typeof handleOf): string {
  const queue = {
    full: `pfifo limit ${queuePackets}`,
    slow: `bfifo limit ${slowQueueBytes}`,
    cut: 'bfifo limit 1',
  };
  const handle = hex(handleOf[kind] + number);
  return `qdisc replace dev eth0 parent 1:${hex(number)} handle ${handle}: ${queue[kind]}`;
}

function ip(...lines: readonly string[]): void {
  execFileSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n`, stdio: 'pipe' });
}

function tc(name: string, lines: readonly string[]): void {
  execFileSync('tc', ['-n', name, '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    stdio: 'pipe',
  });
}

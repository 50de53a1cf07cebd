/**
 * Links for machines without network namespaces: a TCP proxy in front of each node. The node listens
 * on another loopback address and advertises the proxy. Who opened a connection is found out from
 * /proc. A direction that is cut holds its bytes back until it is healed, as TCP would deliver them
 * then; connections that are made meanwhile are half open.
 *
 * Linux only, for `/proc` and for loopback addresses beside 127.0.0.1; no rights are needed.
 */
import type { Buffer } from 'node:buffer';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type ConnectionLinks, clients } from './links.ts';

const proxyHost = '127.0.0.1';
const nodeHost = '127.0.0.2';
const slowMs = 150;
/** Bytes held back for one direction of one connection before its sender is stopped. */
const heldBytesMax = 256 * 1024;

/** What must be known of a node. */
export interface Proxied {
  readonly name: string;
  /** Where its proxy is to listen. */
  readonly url: string;
  readonly isRunning: boolean;
  readonly child: { readonly pid: number };
}

type Condition = 'cut' | 'slow' | 'duplicate';

const linkOf = (from: string, to: string) => `${from}>${to}`;

export class Proxies implements ConnectionLinks {
  readonly #conditions = new Map<string, Condition>();
  readonly #streams = new Set<Stream>();
  readonly #servers: Server[] = [];

  /** For the command line of a node that is reached at `url`. */
  flagsOf(url: string): string[] {
    return ['--host', nodeHost, '--advertise', url];
  }

  /** Resolves when all proxies listen. */
  async open(nodes: readonly Proxied[]): Promise<void> {
    await Promise.all(
      nodes.map((node) => this.#listen(node, Number(new URL(node.url).port), nodes)),
    );
  }

  #listen(node: Proxied, port: number, nodes: readonly Proxied[]): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (inbound) => {
      this.#join(inbound, ownerOf(inbound.remotePort ?? 0, port, nodes), node.name, port);
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, proxyHost, resolve);
    });
  }

  #join(inbound: Socket, from: string, to: string, port: number): void {
    const open = () => connect({ port, host: nodeHost, allowHalfOpen: true });
    const outbound = open();
    const conditionOf = (link: string) => this.#conditions.get(link);
    const copies = conditionOf(linkOf(from, to)) === 'duplicate' ? [open()] : [];
    const streams = [
      new Stream(linkOf(from, to), inbound, [outbound, ...copies], conditionOf),
      new Stream(linkOf(to, from), outbound, [inbound], conditionOf),
    ];
    for (const copy of copies) copy.resume();
    const sockets = [inbound, outbound, ...copies];
    const breakAll = () => {
      for (const socket of sockets) socket.destroy();
    };
    // The second delivery may fail by itself; the connection goes on without it.
    for (const copy of copies) copy.on('error', () => {});
    for (const stream of streams) {
      this.#streams.add(stream);
      stream.source.once('error', breakAll);
      stream.source.once('close', () => {
        this.#streams.delete(stream);
        // Not ended but broken: what the other side has not sent yet will not be heard.
        if (!stream.source.readableEnded) breakAll();
      });
    }
  }

  cut(from: string, to: string): void {
    this.#conditions.set(linkOf(from, to), 'cut');
  }

  slow(from: string, to: string): void {
    this.#conditions.set(linkOf(from, to), 'slow');
  }

  /** Also breaks what is connected: only a connection that is made from now on is doubled. */
  duplicate(from: string, to: string): void {
    this.#conditions.set(linkOf(from, to), 'duplicate');
    this.reset(from, to);
  }

  reset(one: string, other: string): void {
    const links = [linkOf(one, other), linkOf(other, one)];
    for (const stream of this.#streams) if (links.includes(stream.link)) stream.destroy();
  }

  heal(): void {
    this.#conditions.clear();
    for (const stream of this.#streams) stream.flush();
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const stream of this.#streams) stream.destroy();
  }
}

/** One direction of one connection. */
class Stream {
  readonly link: string;
  readonly source: Socket;
  readonly #sinks: readonly Socket[];
  readonly #conditionOf: (link: string) => Condition | undefined;
  /** null is the end. */
  #held: (Buffer | null)[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    link: string,
    source: Socket,
    sinks: readonly Socket[],
    conditionOf: (link: string) => Condition | undefined,
  ) {
    this.link = link;
    this.source = source;
    this.#sinks = sinks;
    this.#conditionOf = conditionOf;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#take(null));
    for (const sink of sinks) sink.on('drain', () => source.resume());
  }

  #take(chunk: Buffer | null): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk?.length ?? 0;
    if (this.#heldBytes >= heldBytesMax) this.source.pause();
    const condition = this.#conditionOf(this.link);
    if (condition === 'cut') return;
    if (condition === 'slow') this.#timer ??= setTimeout(() => this.#flushSlowly(), slowMs);
    else this.flush();
  }

  #flushSlowly(): void {
    this.#timer = undefined;
    if (this.#conditionOf(this.link) !== 'cut') this.flush();
  }

  /** Sends on what was held back. */
  flush(): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    this.source.resume();
    for (const chunk of held) {
      for (const sink of this.#sinks) {
        if (chunk === null) sink.end();
        else if (sink.writable && !sink.write(chunk)) this.source.pause();
      }
    }
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.source.destroy();
  }
}

/** The node whose process opened the connection from `port` to the proxy at `proxyPort`. */
function ownerOf(port: number, proxyPort: number, nodes: readonly Proxied[]): string {
  const inode = inodeOf(port, proxyPort);
  const owner = nodes.find((node) => node.isRunning && hasSocket(node.child.pid, inode));
  return owner?.name ?? clients;
}

/** Of the socket with these ports, as /proc/net/tcp has them in hexadecimal; '' where it is gone. */
function inodeOf(localPort: number, remotePort: number): string {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/);
    if (local.endsWith(hex(localPort)) && remote.endsWith(hex(remotePort))) return inode;
  }
  return '';
}

function hasSocket(pid: number, inode: string): boolean {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).some((file) => isSocket(`${directory}/${file}`, inode));
  } catch {
    return false;
  }
}

function isSocket(path: string, inode: string): boolean {
  try {
    return readlinkSync(path) === `socket:[${inode}]`;
  } catch {
    return false;
  }
}

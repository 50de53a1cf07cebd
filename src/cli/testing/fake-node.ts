/**
 * For tests of the command line: an HTTP server that looks like a node. It keeps values in a map
 * and agrees with nobody; what a test wants to go wrong is said by `faults`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeNodeOptions {
  readonly port?: number;
  readonly nodeId?: string;
  readonly role?: 'master' | 'slave';
  readonly state?: string;
  /** An answer instead of the usual one, by `METHOD path`. */
  readonly faults?: Readonly<Record<string, { status: number; body: object }>>;
}

interface Member {
  readonly nodeId: string;
  readonly role: 'master' | 'slave';
  readonly url: string;
}

export class FakeNode {
  readonly members: (Member & { voter: boolean })[] = [];
  readonly requests: string[] = [];
  state: string;
  readonly #options: FakeNodeOptions;
  readonly #server: Server;
  readonly #values = new Map<string, { value: Buffer; type: string; revision: number }>();
  #revision = 0;
  #epoch = 1;

  constructor(options: FakeNodeOptions = {}) {
    this.#options = options;
    this.state = options.state ?? 'active';
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => this.#answer(request, Buffer.concat(chunks), response));
    });
  }

  /** Rejects where the port is taken. */
  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port ?? 0, '127.0.0.1', () => {
        const { nodeId = 'n1', role = 'master' } = this.#options;
        this.members.push({ nodeId, role, url: this.url, voter: true });
        resolve(this);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { method = 'GET', url: path = '/' } = request;
    this.requests.push(`${method} ${path}`);
    response.setHeader('dsm-node', this.#options.nodeId ?? 'n1');
    response.setHeader('dsm-role', this.state);
    response.setHeader('dsm-epoch', String(this.#epoch));
    response.setHeader('dsm-revision', String(this.#revision));
    const fault = this.#options.faults?.[`${method} ${path.split('?')[0]}`];
    if (fault !== undefined) return send(response, fault.status, fault.body);
    if (path === '/v1/status') return send(response, 200, this.#status());
    const left = /^DELETE \/v1\/admin\/members\/(.+)$/.exec(`${method} ${path}`)?.[1];
    if (path === '/v1/admin/handoff') this.#epoch += 1;
    if (left !== undefined) this.#remove(decodeURIComponent(left));
    if (path === '/fake/join') this.members.push(JSON.parse(body.toString()));
    if (!path.startsWith('/v1/kv/')) return send(response, 200, {});
    this.#answerKey(request, body, response);
  }

  #remove(nodeId: string): void {
    const index = this.members.findIndex((member) => member.nodeId === nodeId);
    if (index >= 0) this.members.splice(index, 1);
  }

  #answerKey(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = request;
    const key = decodeURIComponent(new URL(url, this.url).pathname.slice('/v1/kv/'.length));
    const held = this.#values.get(key);
    const current = held?.revision ?? 0;
    const { 'if-match': match, 'if-none-match': noneMatch } = headers;
    const isBlocked =
      (match === '*' && held === undefined) ||
      (match !== undefined && match !== '*' && match !== `"${current}"`) ||
      (noneMatch === '*' && held !== undefined);
    if (isBlocked) {
      const problem = { code: 'precondition_failed', currentRevision: current };
      return send(response, 412, problem);
    }
    if (method === 'PUT') {
      this.#revision += 1;
      const type = headers['content-type'] ?? '';
      this.#values.set(key, { value: body, type, revision: this.#revision });
      response.setHeader('etag', `"${this.#revision}"`);
      return void response.writeHead(held === undefined ? 201 : 200).end();
    }
    if (held === undefined) return send(response, 404, { code: 'not_found' });
    if (method === 'DELETE') {
      this.#values.delete(key);
      return void response.writeHead(204).end();
    }
    response.setHeader('etag', `"${held.revision}"`);
    response.setHeader('content-type', held.type);
    response.end(held.value);
  }

  #status(): object {
    const { nodeId = 'n1', role = 'master' } = this.#options;
    const lsns = { lastLsn: 9, durableLsn: 9, committedLsn: 9, appliedLsn: 9, snapshotLsn: 0 };
    return {
      ...lsns,
      nodeId,
      role,
      state: this.state,
      url: this.url,
      epoch: this.#epoch,
      master: null,
      keys: this.#values.size,
      writeQuorumAcks: 1,
      voters: this.members.filter(({ voter }) => voter).length,
      members: this.members,
    };
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

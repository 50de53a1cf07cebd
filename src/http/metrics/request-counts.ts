/**
 * How often what was asked, and how it ended. Every call passes here, so little is done: a call to a
 * key costs one look into a small table. Paths are counted in classes: keys would be without number.
 */
import { pathStart } from '../keys.ts';
import type { Sample } from './exposition.ts';

/**
 * Beginnings of paths, those of the most frequent calls first; the first one that fits counts. Names
 * differ: a sample is one class.
 */
const routes: readonly (readonly [path: string, name: string])[] = [
  ['/v1/kv/', 'key'],
  ['/peer/', 'peer'],
  ['/log', 'log'],
  ['/snapshot', 'snapshot'],
  ['/v1/kv', 'list'],
  ['/v1/batch', 'batch'],
  ['/v1/txn', 'txn'],
  ['/v1/watch', 'watch'],
  ['/v1/sessions', 'session'],
  ['/v1/locks/', 'lock'],
  ['/v1/unstorage/', 'unstorage'],
  ['/v1/admin/', 'admin'],
  ['/v1/status', 'status'],
  ['/v1/cluster', 'cluster'],
  ['/livez', 'livez'],
  ['/readyz', 'readyz'],
  ['/metrics', 'metrics'],
];
const otherRoute = routes.length;

const methods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];
const otherMethod = methods.length;

/** Above every status. */
const statuses = 1000;

const ignore = () => {};

export class RequestCounts {
  readonly #counts = new Map<number, number>();

  /** Counts the call when it is answered, and returns the answer. */
  count<Answer extends Response | Promise<Response>>(request: Request, answer: Answer): Answer {
    if (answer instanceof Promise) {
      void answer.then(({ status }) => this.#note(request, status), ignore);
    } else {
      this.#note(request, (answer as Response).status);
    }
    return answer;
  }

  #note({ method, url }: Request, status: number): void {
    const route = routeOf(url);
    const place = methods.indexOf(method);
    const at = (route * (methods.length + 1) + (place < 0 ? otherMethod : place)) * statuses;
    const key = at + status;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  samples(): Sample[] {
    return [...this.#counts].map(([key, value]) => {
      const pair = Math.floor(key / statuses);
      const route = routes[Math.floor(pair / (methods.length + 1))]?.[1] ?? 'other';
      const method = methods[pair % (methods.length + 1)] ?? 'other';
      return { labels: { route, method, code: String(key % statuses) }, value };
    });
  }
}

function routeOf(url: string): number {
  const start = pathStart(url);
  const found = routes.findIndex(([path]) => url.startsWith(path, start));
  return found < 0 ? otherRoute : found;
}

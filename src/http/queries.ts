/** Queries of URLs, read strictly: a misspelt option must not silently do something else. */
import { DsmError } from '../core/errors.ts';
import type { Consistency, ReadOptions } from '../node/api.ts';

const readParameters = ['consistency', 'min-revision'] as const;
const consistencies: readonly string[] = ['linearizable', 'quorum', 'stale'];

const defaultRead: ReadOptions = Object.freeze({ consistency: 'linearizable', minRevision: 0 });

/** Throws `invalid_request` where there is any parameter. */
export function expectNoQuery(query: string): void {
  if (query !== '') parametersOf(query, []);
}

/** `?consistency=` and `?min-revision=` of a READ. Throws `invalid_request`. */
export function parseReadOptions(query: string): ReadOptions {
  if (query === '') return defaultRead;
  const parameters = parametersOf(query, readParameters);
  const consistency = parameters.get('consistency') ?? 'linearizable';
  if (!isConsistency(consistency)) {
    throw invalid(`consistency must be one of ${consistencies.join(', ')}`);
  }
  return { consistency, minRevision: parseRevision(parameters.get('min-revision') ?? '0') };
}

function isConsistency(text: string): text is Consistency {
  return consistencies.includes(text);
}

function parseRevision(text: string): number {
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(revision)) return revision;
  throw invalid('min-revision must be a whole number');
}

/** Throws `invalid_request` for names that are not in `known`, and for a name that is there twice. */
function parametersOf(query: string, known: readonly string[]): URLSearchParams {
  const parameters = new URLSearchParams(query);
  const names = [...parameters.keys()];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const allowed = known.length === 0 ? 'none is' : `${known.join(' and ')} are`;
    const listed = [...new Set(unknown)]
      .slice(0, 5)
      .map((name) => JSON.stringify(name.slice(0, 40)));
    throw invalid(`unknown query parameter ${listed.join(', ')}; ${allowed} known here`);
  }
  if (new Set(names).size < names.length) throw invalid('a query parameter is there twice');
  return parameters;
}

function invalid(detail: string): DsmError {
  return new DsmError('invalid_request', detail);
}

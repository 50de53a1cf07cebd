/** Queries of URLs, read strictly: a misspelt option must not silently do something else. */
import { DsmError } from '../core/errors.ts';
import type { Consistency, ReadOptions } from '../node/api.ts';

export const readParameters = ['consistency', 'min-revision'] as const;
const consistencies: readonly [Consistency, ...Consistency[]] = ['linearizable', 'quorum', 'stale'];

const encoder = new TextEncoder();

const defaultRead: ReadOptions = Object.freeze({ consistency: 'linearizable', minRevision: 0 });

/** The query of a URL, without its `?`. */
export function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark + 1);
}

/** Throws `invalid_request` where there is any parameter. */
export function expectNoQuery(query: string): void {
  if (query !== '') parametersOf(query, []);
}

/** `?consistency=` and `?min-revision=` of a READ. Throws `invalid_request`. */
export function parseReadOptions(query: string): ReadOptions {
  if (query === '') return defaultRead;
  return readOptionsOf(parametersOf(query, readParameters));
}

/** The same of a query that was taken apart already. */
export function readOptionsOf(parameters: URLSearchParams): ReadOptions {
  const consistency = parseChoice(parameters, 'consistency', consistencies);
  return { consistency, minRevision: parseRevision(parameters, 'min-revision') ?? 0 };
}

export const ttlSecondsMax = 10 * 365 * 86_400;

/** How long a key lives: 0 is for ever. */
export interface PutOptions {
  readonly ttlMs: number;
  /** The session that it ends with; 0 for none. */
  readonly session: number;
}

const plainPut: PutOptions = Object.freeze({ ttlMs: 0, session: 0 });

/** `?ttl=` and `?session=` of a PUT. Throws `invalid_request`. */
export function parsePutOptions(query: string): PutOptions {
  if (query === '') return plainPut;
  const parameters = parametersOf(query, ['ttl', 'session']);
  return { ttlMs: parseTtl(parameters) ?? 0, session: parseSession(parameters) ?? 0 };
}

/** A session as it is named: the revision that made it. */
export const sessionPattern = /^[1-9]\d{0,14}$/;

/** `session`; null where there is none. Throws `invalid_request`. */
export function parseSession(parameters: URLSearchParams): number | null {
  const text = parameters.get('session');
  if (text === null) return null;
  if (sessionPattern.test(text)) return Number(text);
  throw invalid('session must be the id of a session, as POST /v1/sessions gave it');
}

/** `ttl` of a key in ms; null where there is none. Throws `invalid_request`. */
export function parseTtl(parameters: URLSearchParams): number | null {
  const hint = '; leave it out for a key that never expires';
  return parseSeconds(parameters, 'ttl', 0.001, ttlSecondsMax, hint);
}

const sessionSecondsMax = 86_400;

/** `ttl` of a session in ms; null where there is none. Throws `invalid_request`. */
export function parseSessionTtl(parameters: URLSearchParams): number | null {
  return parseSeconds(parameters, 'ttl', 0.1, sessionSecondsMax);
}

/** Seconds with at most three decimals, as ms; null where there are none. */
export function parseSeconds(
  parameters: URLSearchParams,
  name: string,
  min: number,
  max: number,
  hint = '',
): number | null {
  const text = parameters.get(name);
  if (text === null) return null;
  const seconds = /^\d{1,9}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= min && seconds <= max) return Math.round(seconds * 1000);
  const range = `seconds from ${min} to ${max} with at most three decimals, like 30 or 0.25`;
  throw invalid(`${name} must be ${range}${hint}`);
}

/** A whole number, perhaps below 0; null where there is none. Throws `invalid_request`. */
export function parseWholeNumber(parameters: URLSearchParams, name: string): number | null {
  const text = parameters.get(name);
  if (text === null) return null;
  const number = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw invalid(`${name} must be a whole number within ±${Number.MAX_SAFE_INTEGER}`);
}

/** A revision; null where there is none. Throws `invalid_request`. */
export function parseRevision(parameters: URLSearchParams, name: string): number | null {
  return parseWhole(parameters, name, 0, Number.MAX_SAFE_INTEGER);
}

/** A whole number within bounds; null where there is none. Throws `invalid_request`. */
export function parseWhole(
  parameters: URLSearchParams,
  name: string,
  min: number,
  max: number,
): number | null {
  const text = parameters.get(name);
  if (text === null) return null;
  const whole = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (whole >= min && whole <= max) return whole;
  throw invalid(
    max === Number.MAX_SAFE_INTEGER
      ? `${name} must be a whole number`
      : `${name} must be a whole number from ${min} to ${max}`,
  );
}

/** One of `allowed`, by default the first. Throws `invalid_request`. */
export function parseChoice<T extends string>(
  parameters: URLSearchParams,
  name: string,
  allowed: readonly [T, ...T[]],
): T {
  const text = parameters.get(name) ?? allowed[0];
  const choice = allowed.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw invalid(`${name} must be one of ${allowed.join(', ')}`);
}

/** A key or a part of one, null where there is none. Throws `invalid_key`. */
export function parseKeyText(
  parameters: URLSearchParams,
  name: string,
  keyBytesMax: number,
): string | null {
  const text = parameters.get(name);
  if (text === null || text.length * 3 <= keyBytesMax) return text;
  const bytes = encoder.encode(text).length;
  if (bytes <= keyBytesMax) return text;
  const message = `${name} has ${bytes} bytes, and a key has at most ${keyBytesMax}`;
  throw new DsmError('invalid_key', message);
}

/** Throws `invalid_request` for names that are not in `known`, and for a name that is there twice. */
export function parametersOf(query: string, known: readonly string[]): URLSearchParams {
  expectUtf8(query);
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

/** URLSearchParams would replace what it cannot decode, and so find another key than was meant. */
function expectUtf8(query: string): void {
  try {
    decodeURIComponent(query);
  } catch {
    throw invalid('a percent sign must begin the escape of a byte, and the bytes must be UTF-8');
  }
}

function invalid(detail: string): DsmError {
  return new DsmError('invalid_request', detail);
}

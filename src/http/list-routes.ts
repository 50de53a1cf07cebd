/** Lists of keys: `/v1/kv?prefix=`. */
import { Buffer } from 'node:buffer';
import type { Hono } from 'hono';
import { assert, DsmError } from '../core/errors.ts';
import { intersect, prefixRange } from '../core/key-range.ts';
import type { ListedEntry, ListPage, ListQuery } from '../core/list-page.ts';
import { answerLater } from './answer-later.ts';
import { jsonValueOf, type ValueMode, valueModes } from './json-values.ts';
import {
  parametersOf,
  parseChoice,
  parseKeyText,
  parseWhole,
  queryOf,
  readOptionsOf,
  readParameters,
} from './queries.ts';
import type { RouteOptions } from './route-options.ts';

/** Where lists are found. */
export const listPath = '/v1/kv';

const listParameters = ['prefix', 'start', 'end', 'limit', 'after', 'reverse', 'values'] as const;

const limitDefault = 100;
const limitMax = 1000;

/** Keys and values of one page, bytes: making its JSON holds up everything else. */
const pageBytesMax = 2 * 1024 * 1024;

export function addListRoutes(app: Hono, options: RouteOptions): void {
  app.get(listPath, (c) => onList(options, queryOf(c.req.raw.url)));
}

function onList({ node, answers }: RouteOptions, query: string): Promise<Response> {
  const parameters = parametersOf(query, [...listParameters, ...readParameters]);
  const values = parseChoice(parameters, 'values', valueModes);
  const list = parseList(parameters, values, node.limits.keyBytesMax);
  const options = readOptionsOf(parameters);
  return answerLater((settle) =>
    node.list(list, options, (error, page) =>
      settle(() => {
        if (error !== null) return answers.problem(error);
        assert(page !== null, 'a list without an error has a page');
        return answers.json(200, bodyOf(page, values));
      }),
    ),
  );
}

function parseList(parameters: URLSearchParams, values: ValueMode, keyBytesMax: number): ListQuery {
  const keyText = (name: string) => parseKeyText(parameters, name, keyBytesMax);
  const range = { start: keyText('start') ?? '', end: keyText('end') };
  return {
    range: intersect(prefixRange(keyText('prefix') ?? ''), range),
    isReverse: parseChoice(parameters, 'reverse', ['false', 'true']) === 'true',
    after: parseCursor(parameters.get('after')),
    limit: parseWhole(parameters, 'limit', 1, limitMax) ?? limitDefault,
    bytesMax: pageBytesMax,
    hasValues: values !== 'none',
  };
}

function bodyOf({ revision, entries, next }: ListPage, values: ValueMode) {
  return {
    revision,
    entries: entries.map((entry) => jsonEntryOf(entry, values)),
    next: next === null ? null : cursorOf(next),
  };
}

/** An entry within JSON; its value only where it is wanted. */
function jsonEntryOf({ key, revision, contentType, value }: ListedEntry, values: ValueMode) {
  return { key, revision, contentType, bytes: value.length, ...jsonValueOf(value, values) };
}

/** A page is read anew at its own revision: all that a cursor must say is where, at any node. */
function cursorOf(key: string): string {
  return Buffer.from(`k${key}`).toString('base64url');
}

function parseCursor(text: string | null): string | null {
  if (text === null) return null;
  const decoded = Buffer.from(text, 'base64url').toString();
  const key = decoded.slice(1);
  if (decoded.startsWith('k') && cursorOf(key) === text) return key;
  throw new DsmError('invalid_request', 'after must be the "next" of a page, as it was given');
}

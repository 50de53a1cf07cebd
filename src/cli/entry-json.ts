/** Entries as JSON: what `--json` and `dsm export` print, and `dsm import` reads. */
import { jsonOfBytes } from '../client/json-values.ts';
import type { Entry } from '../client/types.ts';

export function jsonOfEntry({ key, revision, contentType, value }: Entry) {
  return { key, revision, contentType, ...jsonOfBytes(value) };
}

/**
 * Histories of real stores with known verdicts, which are not part of this repository: where a
 * folder `shared/oracle` stands beside the checkout, each of its folders is named for a format and
 * holds `expected.tsv` (name, tab, verdict) and the histories.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { RegisterHistory } from './formats/event-log.ts';
import { parseJepsenEtcd } from './formats/jepsen-etcd.ts';
import { parsePorcupineKv } from './formats/porcupine-kv.ts';
import { checkLinearization } from './linearization.ts';
import { createRegisterModel } from './register.ts';

const oracle = new URL('../../../shared/oracle/', import.meta.url);

const formats: readonly [string, (text: string, file: string) => RegisterHistory][] = [
  ['jepsen-etcd', parseJepsenEtcd],
  ['porcupine-kv', parsePorcupineKv],
];

const present = formats.filter(([format]) => existsSync(new URL(`${format}/expected.tsv`, oracle)));

test('the verdicts agree with those of the oracle', { timeout: 60_000 }, ({ skip }) => {
  if (present.length === 0) skip(`there are no histories in ${oracle.pathname}`);
  for (const [format, parse] of present) {
    const folder = new URL(`${format}/`, oracle);
    const files = readdirSync(folder);
    const expected = readFileSync(new URL('expected.tsv', folder), 'utf8').trim().split('\n');
    for (const [name = '', verdict] of expected.map((line) => line.split('\t'))) {
      const file = files.find((found) => found === name || found.startsWith(`${name}.`)) ?? name;
      const history = parse(readFileSync(new URL(file, folder), 'utf8'), file);
      const result = checkLinearization(createRegisterModel(history.initial), history.invocations);
      expect([file, result.verdict]).toEqual([file, verdict]);
    }
    expect(expected.length).toBeGreaterThan(0);
  }
});

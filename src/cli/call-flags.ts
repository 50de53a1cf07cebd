/** Flags that belong to one call, and how its refusals are told. */
import { type Command, Option } from 'commander';
import type { Conflict, Consistency, Precondition } from '../client/types.ts';
import type { ConfigReader } from '../runtime/config-reader.ts';
import { flagOf, optionOf, type Setting } from '../runtime/config-settings.ts';
import { oneOf, parseInteger } from '../runtime/config-values.ts';
import { exitCodes } from './exit.ts';
import { writeErrorLine, writeLine } from './output.ts';

const revision = (name: string, help: string): Setting<number> => ({
  name,
  placeholder: 'number',
  help,
  allowed: 'a whole number from 1',
  defaultText: '',
  parse: (text) => parseInteger(text, 1, Number.MAX_SAFE_INTEGER),
});

const word = (name: string, placeholder: string, help: string): Setting<string> => ({
  name,
  placeholder,
  help,
  allowed: 'not empty',
  defaultText: '',
  parse: (text) => (text === '' ? undefined : text),
});

export const callSettings = Object.freeze({
  consistency: {
    name: 'consistency',
    placeholder: 'word',
    help: 'linearizable, quorum or stale',
    allowed: 'one of linearizable, quorum, stale',
    defaultText: 'linearizable',
    parse: oneOf<Consistency>(['linearizable', 'quorum', 'stale']),
  } satisfies Setting<Consistency>,
  minRevision: revision('minRevision', 'the answer knows at least this revision'),
  ifRevision: revision('ifRevision', 'only where the key is at this revision'),
  ttl: {
    name: 'ttl',
    placeholder: 'seconds',
    help: 'the key is gone after so long',
    allowed: 'seconds from 0.001, like 30 or 0.5',
    defaultText: '',
    parse: (text: string) => (/^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : undefined),
  } satisfies Setting<number>,
  waitMs: {
    name: 'waitMs',
    placeholder: 'ms',
    help: 'longest wait for the lock (default: for ever)',
    allowed: 'a whole number of milliseconds',
    defaultText: '',
    parse: (text: string) => parseInteger(text, 0, Number.MAX_SAFE_INTEGER),
  } satisfies Setting<number>,
  lockTtl: {
    name: 'ttl',
    placeholder: 'seconds',
    help: 'the lock is lost so long after this process can reach no node',
    allowed: 'seconds from 1 to 86400',
    defaultText: '15',
    parse: (text: string) => parseInteger(text, 1, 86_400),
  } satisfies Setting<number>,
  start: word('start', 'key', 'only keys from this one on'),
  end: word('end', 'key', 'only keys before this one'),
  limit: revision('limit', 'at most so many'),
  key: word('key', 'key', 'this key only'),
  from: revision('from', 'what changes after this revision, and not what is there'),
  count: revision('count', 'ends after so many changes'),
  contentType: word('contentType', 'type', 'content type to store'),
  idempotencyKey: word('idempotencyKey', 'key', 'count once, however often it is repeated'),
});

/** `--if-absent` and `--if-present`, beside `--if-revision`. */
export function addConditions(command: Command): Command {
  return command
    .addOption(optionOf(callSettings.ifRevision))
    .addOption(new Option('--if-absent', 'only where the key is absent'))
    .addOption(new Option('--if-present', 'only where the key exists'));
}

export function readCondition(command: Command, reader: ConfigReader): Precondition | null {
  const { ifAbsent, ifPresent } = command.opts<{ ifAbsent?: true; ifPresent?: true }>();
  const ifRevision = reader.readFlag(callSettings.ifRevision, undefined);
  const given = [ifAbsent, ifPresent, ifRevision].filter((value) => value !== undefined);
  if (given.length > 1) {
    const flags = [callSettings.ifRevision.name, 'ifAbsent', 'ifPresent'].map(flagOf);
    reader.fault(`give one of ${flags.join(', ')}`);
  }
  if (ifAbsent === true) return { ifAbsent };
  if (ifPresent === true) return { ifPresent };
  return ifRevision === undefined ? null : { ifRevision };
}

/** On standard error, so that a script never takes it for a value. */
export async function tellNotFound(key: string, json: boolean): Promise<number> {
  if (json) await writeLine(JSON.stringify({ key, found: false }));
  else await writeErrorLine('NOT_FOUND');
  return exitCodes.refused;
}

export async function tellConflict(
  key: string,
  conflict: Conflict,
  json: boolean,
): Promise<number> {
  const { currentRevision } = conflict;
  const state = currentRevision === 0 ? 'absent' : `at revision ${currentRevision}`;
  if (json) await writeLine(JSON.stringify({ key, ...conflict }));
  else await writeErrorLine(`PRECONDITION_FAILED the key is ${state}`);
  return exitCodes.refused;
}

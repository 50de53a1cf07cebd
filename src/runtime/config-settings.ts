/**
 * Every setting of a node, once: its flag, its variable, its help, its check and its default follow
 * from one entry. `dataDir` is the flag `--data-dir` and the variable `DSM_DATA_DIR`.
 */
import { Option } from 'commander';
import { defaultLimits, type Limits } from '../core/limits.ts';
import { placements } from '../core/placement.ts';
import {
  formatBytes,
  oneOf,
  parseBaseUrl,
  parseBaseUrls,
  parseBytes,
  parseHost,
  parseHostNames,
  parseInteger,
  parseShare,
  parseSwitch,
} from './config-values.ts';

export interface Setting<T> {
  /** Camel case; also commander's name for the option. */
  readonly name: string;
  /** What stands for the value in the help; '' for a switch. */
  readonly placeholder: string;
  readonly help: string;
  /** What may be given, as the end of the sentence "--flag x is not allowed: …". */
  readonly allowed: string;
  /** How the default is shown; '' where there is none. */
  readonly defaultText: string;
  readonly parse: (text: string) => T | undefined;
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const flagOf = (name: string) => `--${kebab(name)}`;
export const variableOf = (name: string) => `DSM_${kebab(name).replaceAll('-', '_').toUpperCase()}`;

const text = (value: string) => (value === '' ? undefined : value);

function choice<const T extends string>(
  name: string,
  words: readonly T[],
  defaultText: T,
  help: string,
): Setting<T> {
  const allowed = `one of ${words.join(', ')}`;
  return {
    name,
    placeholder: 'word',
    help: `${help} (${words.join(', ')})`,
    allowed,
    defaultText,
    parse: oneOf(words),
  };
}

const toggle = (name: string, help: string): Setting<boolean> => ({
  name,
  placeholder: '',
  help,
  allowed: 'true or false',
  defaultText: '',
  parse: parseSwitch,
});

const urlText = 'like http://10.0.0.1:12345, without a path';

export const settings = Object.freeze({
  host: {
    name: 'host',
    placeholder: 'address',
    help: 'address to listen on',
    allowed: 'a host name or an IP address',
    defaultText: '127.0.0.1',
    parse: parseHost,
  } satisfies Setting<string>,
  port: {
    name: 'port',
    placeholder: 'number',
    help: 'port to listen on; 0 takes a free one',
    allowed: 'a whole number from 0 to 65535',
    defaultText: '',
    parse: (value: string) => parseInteger(value, 0, 65_535),
  } satisfies Setting<number>,
  advertise: {
    name: 'advertise',
    placeholder: 'url',
    help: 'URL at which the other nodes and the clients reach this node',
    allowed: `a URL ${urlText}`,
    defaultText: 'http://<host>:<port>',
    parse: parseBaseUrl,
  } satisfies Setting<string>,
  allowedHosts: {
    name: 'allowedHosts',
    placeholder: 'name,name',
    help: 'other names by which browsers may ask for this node',
    allowed: 'host names without a port, with commas between them',
    defaultText: '',
    parse: parseHostNames,
  } satisfies Setting<readonly string[]>,
  allowedOrigins: {
    name: 'allowedOrigins',
    placeholder: 'url,url',
    help: 'web pages of other origins that may use this node (CORS)',
    allowed: 'different origins like https://app.example, with commas between them',
    defaultText: '',
    parse: parseBaseUrls,
  } satisfies Setting<readonly string[]>,
  masters: {
    name: 'masters',
    placeholder: 'url,url',
    help: 'URLs of all masters in order, the primary first',
    allowed: `different URLs ${urlText}, with commas between them`,
    defaultText: '',
    parse: parseBaseUrls,
  } satisfies Setting<readonly string[]>,
  dataDir: {
    name: 'dataDir',
    placeholder: 'path',
    help: 'directory of the log; one for each node',
    allowed: 'a path',
    defaultText: '',
    parse: text,
  } satisfies Setting<string>,
  clusterSecretFile: {
    name: 'clusterSecretFile',
    placeholder: 'path',
    help: 'file with the secret that the nodes of a cluster share',
    allowed: 'a path',
    defaultText: '',
    parse: text,
  } satisfies Setting<string>,
  newCluster: toggle('newCluster', 'found a new cluster although other masters are silent'),
  placement: choice(
    'placement',
    placements,
    placements[0],
    'how the slaves are chosen that get a write at once',
  ),
  readFrom: choice(
    'readFrom',
    ['master', 'slaves'],
    'master',
    'who answers reads that came to the active master',
  ),
  logLevel: choice(
    'logLevel',
    ['debug', 'info', 'warn', 'error'],
    'info',
    'least important lines to log',
  ),
  logFormat: choice(
    'logFormat',
    ['auto', 'json', 'pretty'],
    'auto',
    'form of log lines, auto is pretty on a terminal',
  ),
  exitWithParent: toggle('exitWithParent', 'stop when standard input ends; for process managers'),
});

/** One line of help for each limit; a limit without one is a type error. */
const limitHelp: Readonly<Record<keyof Limits, string>> = {
  heartbeatMs: 'longest silence between two appends to a slave',
  leaseMs: 'how long the vow of a voter binds it',
  failoverMs: 'silence of the active master that makes a standby a candidate',
  failoverJitterMs: 'random time added to it',
  failoverStaggerMs: 'time added to it for each place in the list of masters',
  stepDownMs: 'time without a quorum after which the active master steps down',
  hedgeMs: 'wait for the chosen slaves before a write goes to all',
  gatherMs: 'under load, wait of a batch for clients answered just now',
  lazyMs: 'within which the other slaves get a write',
  applyMs: 'within which a slave applies what nobody asked for yet',
  suspectMs: 'silence after which a voter is passed over',
  removeMs: 'silence after which a voter is replaced or removed',
  tickMs: 'after which the time of the log is written, while keys have lifetimes',
  writeTimeoutMs: 'after which a write without a quorum is answered 504',
  holdMs: 'how long a call waits for an active master',
  peerTimeoutMs: 'time for one message between nodes',
  clockDriftShare: 'largest assumed difference of two clocks, as a share',
  minSlaves: 'slaves that an automatic removal leaves',
  keyBytesMax: 'longest key',
  valueBytesMax: 'longest value',
  contentTypeBytesMax: 'longest content type',
  requestIdBytesMax: 'longest idempotency key',
  batchBytesMax: 'longest message with records',
  queueRecordsMax: 'writes that wait for a place in a batch',
  queueBytesMax: 'their bytes',
  heldCallsMax: 'calls that wait for an active master',
  waitingReadsMax: 'reads that wait for a confirmation',
  watchesMax: 'watches that one node serves at one time',
  memoryBytesMax: 'memory for keys and values',
  logTailBytesMax: 'records kept in memory for nodes that lag and watches that resume',
  snapshotEveryBytes: 'log written between two snapshots',
  segmentBytesMax: 'longest file of the log',
  logAheadBytes: 'zeros written ahead of the end of the log',
  learnersMax: 'new nodes taken in at one time',
};

const timerMsMax = 2 ** 31 - 1;

function limitSetting(name: string, help: string, value: number): Setting<number> {
  const common = { name, help, defaultText: String(value) };
  if (name.endsWith('Ms')) {
    const allowed = `a whole number of milliseconds from 0 to ${timerMsMax}`;
    const parse = (given: string) => parseInteger(given, 0, timerMsMax);
    return { ...common, placeholder: 'ms', allowed, parse };
  }
  if (name.includes('Bytes')) {
    const allowed = 'a number of bytes, like 4096, 64KiB or 1.5GiB';
    const defaultText = formatBytes(value);
    return { name, help, defaultText, placeholder: 'bytes', allowed, parse: parseBytes };
  }
  if (name.endsWith('Share')) {
    const allowed = 'a share from 0 to 1, like 0.1';
    return { ...common, placeholder: 'share', allowed, parse: parseShare };
  }
  const parse = (given: string) => parseInteger(given, 0, Number.MAX_SAFE_INTEGER);
  return { ...common, placeholder: 'number', allowed: 'a whole number', parse };
}

export const limitSettings: readonly Setting<number>[] = Object.freeze(
  Object.entries(defaultLimits).map(([name, value]: [string, number]) =>
    limitSetting(name, limitHelp[name as keyof Limits], value),
  ),
);

/** The commander option of a setting; `defaultText` where the verb has a default of its own. */
export function optionOf(setting: Setting<unknown>, defaultText = setting.defaultText): Option {
  const value = setting.placeholder === '' ? '' : ` <${setting.placeholder}>`;
  const defaults = defaultText === '' ? '' : ` (default ${defaultText})`;
  return new Option(`${flagOf(setting.name)}${value}`, setting.help + defaults);
}

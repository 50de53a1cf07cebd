import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits } from '../core/limits.ts';
import {
  ConfigError,
  mastersWithSelf,
  nodeCommand,
  ownUrl,
  parseBackupConfig,
  parseMasterConfig,
  parseSlaveConfig,
  type Variables,
} from './config.ts';
import { flagOf, limitSettings, variableOf } from './config-settings.ts';

let folder = '';
let secretFile = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dsm-config-'));
  secretFile = join(folder, 'secret');
  writeFileSync(secretFile, 'a-secret-of-more-than-16-characters\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const words = (line: string) => line.split(' ').filter((word) => word !== '');
const master = (line: string, variables: Variables = {}) =>
  parseMasterConfig(words(line), variables);
const backup = (line: string) => parseBackupConfig(words(line), {});

/** The mistakes in a command line, one a line. */
function faultsOf(line: string, variables: Variables = {}): readonly string[] {
  try {
    master(line, variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

const a = 'http://127.0.0.1:12345';
const b = 'http://127.0.0.1:12346';

describe('without flags', () => {
  it('a master is alone on port 12345 and reachable from this machine only', () => {
    expect(master('')).toEqual({
      verb: 'master',
      host: '127.0.0.1',
      port: 12345,
      advertise: null,
      masters: [],
      secret: null,
      allowedHosts: [],
      allowedOrigins: [],
      limits: defaultLimits,
      logLevel: 'info',
      logFormat: 'auto',
      exitWithParent: false,
      dataDir: '.dsm/master-12345',
      newCluster: false,
      placement: 'least-lag',
      readFrom: 'master',
    });
  });

  it('a backup and a slave know the master of this machine', () => {
    expect(backup('')).toMatchObject({ port: 12346, masters: [a], dataDir: '.dsm/backup-12346' });
    expect(parseSlaveConfig([], {})).toMatchObject({ port: 20000, masters: [a, b] });
  });

  it('the configuration cannot be changed afterwards', () => {
    const config = master('');
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.limits)).toBe(true);
    expect(Object.isFrozen(config.masters)).toBe(true);
  });
});

describe('a setting', () => {
  it('comes from the flag before the variable before the default', () => {
    const variables = { DSM_PORT: '7001', DSM_LEASE_MS: '800', DSM_NEW_CLUSTER: 'true' };
    expect(master('--port 7000', variables)).toMatchObject({ port: 7000, newCluster: true });
    expect(master('', variables)).toMatchObject({ port: 7001, dataDir: '.dsm/master-7001' });
    expect(master('', variables).limits.leaseMs).toBe(800);
    expect(master('--lease-ms 700', variables).limits.leaseMs).toBe(700);
  });

  it('of every limit has a flag and a variable', () => {
    expect(limitSettings.map((setting) => setting.name)).toEqual(Object.keys(defaultLimits));
    for (const { name } of limitSettings) {
      const value = defaultLimits[name as keyof typeof defaultLimits];
      expect(faultsOf(`${flagOf(name)} ${value}`)).toEqual([]);
      expect(faultsOf('', { [variableOf(name)]: 'x' })).toHaveLength(1);
      expect(nodeCommand('slave').helpInformation()).toContain(`${flagOf(name)} `);
    }
  });

  it.each([
    ['65536', 65_536],
    ['64KiB', 65_536],
    ['2MiB', 2 * 1024 * 1024],
    ['1.5MB', 1_500_000],
    ['1b', 1],
  ])('of bytes may be %s', (text, bytes) => {
    expect(master(`--value-bytes-max ${text}`).limits.valueBytesMax).toBe(bytes);
  });

  it('of names and origins is a list, of origins and names as URLs have them', () => {
    const line =
      '--allowed-hosts DB.test,store --allowed-origins https://App.example:443,http://a:1';
    expect(master(line)).toMatchObject({
      allowedHosts: ['db.test', 'store'],
      allowedOrigins: ['https://app.example', 'http://a:1'],
    });
  });

  it('that is empty in the environment is not set', () => {
    expect(master('', { DSM_PORT: '', DSM_HOST: '' }).port).toBe(12345);
  });
});

describe('mistakes', () => {
  it('are all reported at once, each with what was given and what is allowed', () => {
    const line =
      '--port 70000 --placement hsh --masters 127.0.0.1:1 --lease-ms 1.5 --value-bytes-max 1TiB';
    expect(faultsOf(line, { DSM_LOG_LEVEL: 'loud', DSM_NEW_CLUSTER: 'yes' })).toEqual([
      '--port 70000 is not allowed: a whole number from 0 to 65535',
      '--masters 127.0.0.1:1 is not allowed: different URLs like http://10.0.0.1:12345, ' +
        'without a path, with commas between them',
      '--lease-ms 1.5 is not allowed: a whole number of milliseconds from 0 to 2147483647',
      '--value-bytes-max 1TiB is not allowed: a number of bytes, like 4096, 64KiB or 1.5GiB',
      'DSM_LOG_LEVEL=loud is not allowed: one of debug, info, warn, error',
      'DSM_NEW_CLUSTER=yes is not allowed: true or false',
      '--placement hsh is not allowed: one of least-lag, hash, random',
    ]);
  });

  it.each([
    ['--port -1'],
    ['--allowed-hosts db.test:80'],
    ['--allowed-hosts a,,b'],
    ['--allowed-hosts *'],
    ['--allowed-origins *'],
    ['--allowed-origins https://a/b'],
    ['--port 1e3'],
    ['--port 0x10'],
    ['--host http://x'],
    ['--advertise 10.0.0.1'],
    ['--advertise http://u:p@h'],
    ['--advertise http://h/x'],
    ['--advertise ftp://h'],
    [`--masters ${a},${a}`],
    [`--masters ${a},`],
    ['--clock-drift-share 2'],
    ['--heartbeat-ms 99999999999'],
    ['--heartbeat-ms 0'],
    ['--cluster-secret-file /nowhere/secret'],
    ['--read-from backup'],
  ])('%s is one', (line) => {
    expect(faultsOf(line)).toHaveLength(1);
  });

  it('in the relations of limits are told by the names of the flags', () => {
    expect(faultsOf('--lease-ms 1200 --remove-ms 400')).toEqual([
      '--lease-ms (1200) < --failover-ms (1000) must hold',
      '--suspect-ms (500) < --remove-ms (400) must hold',
    ]);
  });

  it('a port that Kubernetes put there is explained', () => {
    expect(faultsOf('', { DSM_PORT: 'tcp://10.0.0.1:80' })[0]).toContain('Kubernetes');
  });

  it('a flag that does not exist is refused, and the one that was meant is named', () => {
    const command = nodeCommand('backup').exitOverride();
    let told = '';
    command.configureOutput({ writeErr: (text) => (told += text) });
    expect(() => command.parse(['--leas-ms', '3'], { from: 'user' })).toThrow('--leas-ms');
    expect(told).toContain('Did you mean --lease-ms?');
    expect(() => command.parse(['--new-cluster'], { from: 'user' })).toThrow('--new-cluster');
    expect(() => command.parse(['extra'], { from: 'user' })).toThrow('too many arguments');
  });
});

describe('the secret', () => {
  it('is read from its file, without the newline', () => {
    const line = `--host 10.0.0.1 --cluster-secret-file ${secretFile}`;
    expect(master(line).secret).toBe('a-secret-of-more-than-16-characters');
  });

  it.each(['10.0.0.1', 'example.org', 'fe80::1'])(
    'is needed where %s can be reached by others, and it is said how to make one',
    (host) => {
      const [fault, ...others] = faultsOf(`--host ${host}`);
      expect(others).toEqual([]);
      expect(fault).toContain('--cluster-secret-file');
      expect(fault).toContain('> cluster.secret');
    },
  );

  it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1'])('is not needed on %s', (host) => {
    expect(faultsOf(`--host ${host}`)).toEqual([]);
  });

  it.each(['short', 'two lines of\nsomething secret', ''])('%j is refused', (text) => {
    const file = join(folder, 'bad');
    writeFileSync(file, text);
    expect(faultsOf(`--cluster-secret-file ${file}`)[0]).toContain('16 to 1024');
  });
});

describe('the URLs of a master', () => {
  it('follow from host and port, also of a port that was chosen at start', () => {
    expect(ownUrl(master('--port 0'), 4711)).toBe('http://127.0.0.1:4711');
    expect(ownUrl(master('--host ::1'), 12345)).toBe('http://[::1]:12345');
    expect(ownUrl(master('--advertise http://m.example:9/'), 1)).toBe('http://m.example:9');
  });

  it('an address of all interfaces leads nowhere: --advertise is needed', () => {
    const line = `--host 0.0.0.0 --cluster-secret-file ${secretFile}`;
    expect(faultsOf(line)[0]).toContain('--advertise');
    expect(faultsOf(`${line} --advertise http://10.0.0.1:12345`)).toEqual([]);
  });

  it('the list keeps its order where it names the node', () => {
    expect(mastersWithSelf(master(`--masters ${b},${a}`), 12345)).toEqual([b, a]);
  });

  it('a master that the list leaves out is first, a backup last', () => {
    expect(mastersWithSelf(master(`--masters ${b}`), 12345)).toEqual([a, b]);
    expect(mastersWithSelf(backup(`--masters ${a}`), 12346)).toEqual([a, b]);
  });

  it('the list does not name the node by another name', () => {
    expect(faultsOf('--masters http://localhost:12345')).toEqual([
      '--masters names http://localhost:12345, which is this node; ' +
        'it calls itself http://127.0.0.1:12345',
    ]);
  });
});

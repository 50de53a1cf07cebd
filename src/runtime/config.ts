/**
 * argv and environment → one frozen configuration of a node. A flag wins over its variable, which
 * wins over the default. All mistakes are reported at once; a node never starts with one.
 */
import { readFileSync } from 'node:fs';
import { defaultLimits, type Limits, limitFaults } from '../core/limits.ts';
import { type Placement, placements } from '../core/placement.ts';
import { backupUrl, nodeCommand, primaryUrl, type Verb, verbFacts } from './config-commands.ts';
import { ConfigReader, type Variables } from './config-reader.ts';
import { flagOf, limitSettings, settings } from './config-settings.ts';
import { isLoopback, isWildcard } from './config-values.ts';

export { nodeCommand, type Verb } from './config-commands.ts';
export { ConfigError, type Variables } from './config-reader.ts';

/** What every node is told. */
export interface NodeConfig {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** null where it is `http://host:port` with the port that was bound. */
  readonly advertise: string | null;
  /** The masters in order. For a master itself: as given, perhaps without its own URL. */
  readonly masters: readonly string[];
  /** null: no secret, and only this machine can reach the node. */
  readonly secret: string | null;
  /** Names beside those that a node knows itself by; see `http/browser-guard.ts`. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may use this node. */
  readonly allowedOrigins: readonly string[];
  readonly limits: Limits;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'auto' | 'json' | 'pretty';
  readonly exitWithParent: boolean;
}

/** For the verbs `master` and `backup`: the same node, started differently. */
export interface MasterConfig extends NodeConfig {
  readonly verb: 'master' | 'backup';
  readonly dataDir: string;
  readonly newCluster: boolean;
  readonly placement: Placement;
  readonly readFrom: 'master' | 'slaves';
}

export interface SlaveConfig extends NodeConfig {
  readonly verb: 'slave';
}

/** A node that was started; what `runtime/start.ts` gives back. */
export interface RunningNode {
  readonly nodeId: string;
  readonly url: string;
  /** Resolves after `stop`; rejects where the node cannot go on, with one sentence for a person. */
  readonly ended: Promise<void>;
  /** Stops serving, answers what waits, releases the data directory. Idempotent. */
  stop(): Promise<void>;
}

/** What the command line needs of `runtime/start.ts`. */
export interface StartModule {
  startMaster(config: MasterConfig): Promise<RunningNode>;
  startSlave(config: SlaveConfig): Promise<RunningNode>;
}

type Flags = Readonly<Record<string, unknown>>;

/**
 * `argv` is what stands behind the verb. Throws a ConfigError that lists every mistake, or a
 * CommanderError, already told on standard error, where a flag is not known at all.
 */
export function parseMasterConfig(argv: readonly string[], variables: Variables): MasterConfig {
  return readMasterConfig('master', parseFlags('master', argv), variables);
}

/** As `parseMasterConfig`, for `dsm backup`. */
export function parseBackupConfig(argv: readonly string[], variables: Variables): MasterConfig {
  return readMasterConfig('backup', parseFlags('backup', argv), variables);
}

/** As `parseMasterConfig`, for `dsm slave`. */
export function parseSlaveConfig(argv: readonly string[], variables: Variables): SlaveConfig {
  return readSlaveConfig(parseFlags('slave', argv), variables);
}

function parseFlags(verb: Verb, argv: readonly string[]): Flags {
  return nodeCommand(verb).exitOverride().parse(argv, { from: 'user' }).opts();
}

/** From the options of a parsed `nodeCommand(verb)`. Throws a ConfigError. */
export function readMasterConfig(
  verb: 'master' | 'backup',
  flags: Flags,
  variables: Variables,
): MasterConfig {
  const reader = new ConfigReader(flags, variables);
  const node = readNodeConfig(verb, reader, verb === 'backup' ? [primaryUrl] : []);
  const config = {
    verb,
    ...node,
    dataDir: reader.read(settings.dataDir, `.dsm/${verb}-${node.port}`),
    newCluster: verb === 'master' && reader.read(settings.newCluster, false),
    placement: reader.read(settings.placement, placements[0]),
    readFrom: reader.read(settings.readFrom, 'master'),
  };
  checkOwnUrl(config, reader);
  reader.end();
  return Object.freeze(config);
}

/** From the options of a parsed `nodeCommand('slave')`. Throws a ConfigError. */
export function readSlaveConfig(flags: Flags, variables: Variables): SlaveConfig {
  const reader = new ConfigReader(flags, variables);
  const config = {
    verb: 'slave',
    ...readNodeConfig('slave', reader, [primaryUrl, backupUrl]),
  } as const;
  reader.end();
  return Object.freeze(config);
}

function readNodeConfig(verb: Verb, reader: ConfigReader, masters: readonly string[]): NodeConfig {
  const host = reader.read(settings.host, '127.0.0.1');
  const advertise = reader.read(settings.advertise, null);
  const secret = readSecret(reader);
  if (!isLoopback(host) && secret === null) reader.fault(secretNeeded(host));
  if (isWildcard(host) && advertise === null) {
    reader.fault(`--host ${host} needs --advertise: the URL at which others reach this node`);
  }
  return {
    host,
    port: reader.read(settings.port, verbFacts[verb].port),
    advertise,
    masters: reader.read(settings.masters, Object.freeze(masters)),
    secret,
    allowedHosts: reader.read(settings.allowedHosts, none),
    allowedOrigins: reader.read(settings.allowedOrigins, none),
    limits: readLimits(reader),
    logLevel: reader.read(settings.logLevel, 'info'),
    logFormat: reader.read(settings.logFormat, 'auto'),
    exitWithParent: reader.read(settings.exitWithParent, false),
  };
}

const none: readonly string[] = Object.freeze([]);

const secretNeeded = (host: string) =>
  `--host ${host} can be reached by others and needs --cluster-secret-file; make one, the same ` +
  'for every node: (umask 077; head -c 32 /dev/urandom | base64 > cluster.secret)';

/**
 * The cluster secret, null without `--cluster-secret-file`: 16 characters or more that an HTTP
 * header can carry, in a file with or without a last newline. Mistakes are noted in `reader`.
 */
export function readSecret(reader: ConfigReader): string | null {
  const path = reader.read(settings.clusterSecretFile, null);
  if (path === null) return null;
  const flag = `${flagOf(settings.clusterSecretFile.name)} ${path}`;
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (/^[!-~]{16,1024}$/.test(secret)) return secret;
    reader.fault(`${flag}: the secret is one line of 16 to 1024 printable characters`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reader.fault(`${flag} cannot be read: ${reason}`);
  }
  return null;
}

/** Single limits first; relations only where every single one is sound. */
export function readLimits(reader: ConfigReader): Limits {
  const faultsBefore = reader.faults.length;
  const limits: Record<string, number> = { ...defaultLimits };
  for (const setting of limitSettings) {
    limits[setting.name] = reader.read(setting, limits[setting.name] ?? 0);
  }
  const sound = Object.freeze({ ...defaultLimits, ...limits });
  if (reader.faults.length > faultsBefore) return sound;
  for (const text of limitFaults(sound)) {
    reader.fault(text.replace(/[a-z]+[A-Z]\w+/g, (name) => flagOf(name)));
  }
  return sound;
}

/** A second name for the own URL in the list would look like a second master. */
function checkOwnUrl(config: MasterConfig, reader: ConfigReader): void {
  const own = new URL(ownUrl(config, config.port));
  for (const text of config.masters) {
    const url = new URL(text);
    if (url.origin === own.origin || url.port !== own.port) continue;
    if (isLoopback(url.hostname) && isLoopback(own.hostname)) {
      reader.fault(`--masters names ${text}, which is this node; it calls itself ${own.origin}`);
    }
  }
}

/** The URL under which a node is known, once its port is bound. */
export function ownUrl(config: NodeConfig, boundPort: number): string {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return config.advertise ?? new URL(`http://${host}:${boundPort}`).origin;
}

/** All masters in order, this one included: a master puts itself first, a backup last. */
export function mastersWithSelf(config: MasterConfig, boundPort: number): readonly string[] {
  const own = ownUrl(config, boundPort);
  if (config.masters.includes(own)) return config.masters;
  return config.verb === 'master' ? [own, ...config.masters] : [...config.masters, own];
}

/** `dsm snapshot`: the whole state as a file, and a new cluster from such a file. */
import { Command } from 'commander';
import { FrameError } from '../core/frame.ts';
import type { SnapshotSummary } from '../core/snapshot-check.ts';
import { readSecret } from '../runtime/config.ts';
import { primaryUrl } from '../runtime/config-commands.ts';
import { ConfigReader } from '../runtime/config-reader.ts';
import { optionOf, settings } from '../runtime/config-settings.ts';
import { callSettings } from './call-flags.ts';
import { clientCommand, clientReader, clientSettings, readClientFlags } from './client-flags.ts';
import { exitCodes, exitCodesHelp } from './exit.ts';
import { formatTable, writeErrorLine, writeLine } from './output.ts';
import type { Run } from './program.ts';
import { checkSnapshot, chunksOfFile, saveSnapshot } from './snapshot-file.ts';
import { nodesForSnapshot } from './snapshot-nodes.ts';

export function snapshotVerb(run: Run): Command {
  const summary = 'save the whole state to a file, and make a new cluster of it';
  return new Command('snapshot')
    .summary(summary)
    .description(summary)
    .helpOption('-h, --help', 'show this help')
    .addCommand(saveVerb(run))
    .addCommand(statusVerb(run))
    .addCommand(restoreVerb(run));
}

const saveExamples = `
  dsm snapshot save backup.snapshot
  dsm snapshot save backup.snapshot --masters http://127.0.0.1:20000    any node knows the others
  dsm snapshot save backup.snapshot --consistency stale     where no quorum is left

The state at one revision, while the cluster goes on. The file is replaced when it is whole and
checked. Slaves are asked first, then standbys, the active master last: a node stands still while
it copies its state. What may be stale is asked of --masters, in their order. --timeout-ms is the
longest silence of a node.`;

function saveVerb(run: Run): Command {
  const command = clientCommand('save', 'save the whole state to a file', saveExamples)
    .argument('<file>', 'replaced where it exists')
    .addOption(optionOf(callSettings.consistency))
    .addOption(optionOf(settings.clusterSecretFile));
  return command.action((file: string) =>
    run('dsm snapshot save', async () => {
      const reader = clientReader(command);
      const { masters, ...flags } = readClientFlags(reader);
      const secret = readSecret(reader);
      const consistency = reader.readFlag(callSettings.consistency, 'linearizable');
      reader.end();
      const { timeoutMs } = flags;
      // Who takes what may be stale means these nodes, as the slave that has applied most.
      const urls = consistency === 'stale' ? masters : await nodesForSnapshot(masters);
      const saved = await saveSnapshot(file, { urls, secret, consistency, timeoutMs });
      const { position, keys, bytes } = saved;
      const text = `OK saved ${file}: revision ${position.lsn}, ${keys} keys, ${bytes} bytes`;
      await writeLine(flags.json ? JSON.stringify(jsonOf(saved)) : text);
      return exitCodes.ok;
    }),
  );
}

/** A verb that reads a file and asks no node. */
function fileCommand(verb: string, summary: string, examples: string): Command {
  return new Command(verb)
    .summary(summary)
    .description(summary)
    .argument('<file>', 'what dsm snapshot save wrote')
    .addOption(optionOf(clientSettings.json))
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', `\nExamples:\n${examples}${exitCodesHelp}`);
}

function statusVerb(run: Run): Command {
  const summary = 'check a file, and say what is in it';
  const command = fileCommand('status', summary, '\n  dsm snapshot status backup.snapshot');
  return command.action((file: string) =>
    run('dsm snapshot status', async () => {
      const reader = new ConfigReader(command.opts(), process.env);
      const json = reader.read(clientSettings.json, false);
      reader.end();
      return orDamaged(file, async () => {
        const summary = await checkSnapshot(file);
        await writeLine(json ? JSON.stringify(jsonOf(summary)) : tableOf(summary));
        return exitCodes.ok;
      });
    }),
  );
}

const restoreExamples = `
  dsm snapshot restore backup.snapshot --data-dir data
  dsm master --data-dir data                   the new cluster; others join it empty

Makes the data directory of the first master of a new cluster, and asks no node. Stop the nodes of
the old cluster, and give all other masters empty directories. Keys keep their revisions, and
lifetimes go on where they stood; what is written later has revisions above all that the old
cluster can have given. For dsm up the directory is <its --data-dir>/master.`;

function restoreVerb(run: Run): Command {
  const summary = 'make a new cluster of a file, without any node';
  const command = fileCommand('restore', summary, restoreExamples)
    .addOption(optionOf(settings.dataDir))
    .addOption(optionOf(settings.advertise, primaryUrl));
  return command.action((file: string) =>
    run('dsm snapshot restore', async () => {
      const reader = new ConfigReader(command.opts(), process.env);
      const json = reader.read(clientSettings.json, false);
      const url = reader.read(settings.advertise, primaryUrl);
      const dataDir = reader.read(settings.dataDir, null);
      if (dataDir === null) reader.fault('--data-dir is needed: a directory that is empty');
      reader.end();
      return orDamaged(file, () => restore(file, dataDir ?? '', url, json));
    }),
  );
}

async function restore(file: string, dataDir: string, url: string, json: boolean): Promise<number> {
  // Only here: it brings the adapters of a whole node with it.
  const { restoreSnapshot } = await import('../runtime/restore.ts');
  const restored = await restoreSnapshot({ chunks: chunksOfFile(file), dataDir, url });
  const { keys, revision, clusterId } = restored;
  const text = `OK restored ${keys} keys into ${dataDir}: cluster ${clusterId}, revisions go on from ${revision}`;
  await writeLine(json ? JSON.stringify({ ...restored, dataDir }) : text);
  return exitCodes.ok;
}

async function orDamaged(file: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    const text = `dsm snapshot: ${file} is damaged, or no snapshot: ${error.message}`;
    await writeErrorLine(text);
    return exitCodes.refused;
  }
}

function jsonOf({ position, members, stateHash, ...rest }: SnapshotSummary) {
  const { lsn: revision, epoch } = position;
  return { revision, epoch, ...rest, stateHash: hexOf(stateHash), members };
}

/** As `/v1/status` shows it. */
const hexOf = (hash: number) => hash.toString(16).padStart(8, '0');

function tableOf(summary: SnapshotSummary): string {
  const { position, clusterId, keys, dataBytes, bytes, sessions, locks, requests } = summary;
  return formatTable([
    ['revision', String(position.lsn)],
    ['epoch', String(position.epoch)],
    ['cluster', clusterId],
    ['keys', `${keys} (${dataBytes} bytes with their values)`],
    ['sessions', String(sessions)],
    ['locks', String(locks)],
    ['requests', `${requests} remembered`],
    ['state hash', hexOf(summary.stateHash)],
    ['file', `${bytes} bytes, whole`],
  ]);
}

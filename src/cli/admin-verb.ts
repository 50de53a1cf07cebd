/** `dsm admin`: what changes the cluster itself. */
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { DsmError } from '../core/errors.ts';
import type { NodeStatus } from '../node/api.ts';
import { readSecret } from '../runtime/config.ts';
import { optionOf, settings } from '../runtime/config-settings.ts';
import { type AdminCall, adminCalls, callAdmin } from './admin-calls.ts';
import { type ClientFlags, clientCommand, clientReader, readClientFlags } from './client-flags.ts';
import { viewCluster } from './cluster-view.ts';
import { exitCodes } from './exit.ts';
import { formatTable, writeErrorLine, writeLine } from './output.ts';
import type { Run } from './program.ts';

export function adminVerb(run: Run): Command {
  const summary = 'show and change who belongs to the cluster';
  return new Command('admin')
    .summary(summary)
    .description(summary)
    .helpOption('-h, --help', 'show this help')
    .addCommand(membersVerb(run))
    .addCommand(removeVerb(run))
    .addCommand(handoffVerb(run))
    .addCommand(forceConfigVerb(run));
}

/** How often it is looked who is active now. */
const activePollMs = 50;

interface AdminFlags extends ClientFlags {
  readonly secret: string | null;
}

function adminCommand(verb: string, summary: string, examples: string): Command {
  return clientCommand(verb, summary, examples).addOption(optionOf(settings.clusterSecretFile));
}

/** Throws a ConfigError. */
function readAdminFlags(command: Command): AdminFlags {
  const reader = clientReader(command);
  const flags = { ...readClientFlags(reader), secret: readSecret(reader) };
  reader.end();
  return flags;
}

/**
 * The active master of `epochMin` or later: a takeover is waited for, as a call of a client waits.
 * Throws `no_master` with `reason` where none shows up within the time of a call.
 */
async function untilActive(
  flags: ClientFlags,
  reason = `no active master is known to ${flags.masters.join(', ')}`,
  epochMin = 0,
): Promise<NodeStatus> {
  const deadlineMs = performance.now() + flags.timeoutMs;
  for (;;) {
    const { active } = await viewCluster(flags.masters);
    if (active !== null && active.epoch >= epochMin) return active;
    if (performance.now() > deadlineMs) throw new DsmError('no_master', reason);
    await new Promise((resolve) => setTimeout(resolve, activePollMs));
  }
}

/** Makes the call and says that it is done. */
async function carryOut(flags: AdminFlags, call: AdminCall, done: string): Promise<number> {
  await callAdmin(flags, flags.secret, call);
  await writeLine(flags.json ? JSON.stringify({ ok: true }) : done);
  return exitCodes.ok;
}

function membersVerb(run: Run): Command {
  const command = adminCommand('members', 'list the members', '\n  dsm admin members');
  return command.action(() =>
    run('dsm admin members', async () => {
      const flags = readAdminFlags(command);
      const { members } = await untilActive(flags);
      const rows = members.map(({ nodeId, role, url, voter }) => [
        nodeId,
        role,
        url,
        voter ? 'voter' : 'learner',
      ]);
      const table = formatTable([['NODE', 'ROLE', 'URL', ''], ...rows]);
      await writeLine(flags.json ? JSON.stringify(members) : table);
      return exitCodes.ok;
    }),
  );
}

function removeVerb(run: Run): Command {
  const examples = `
  dsm admin members                            shows the ids and URLs
  dsm admin remove http://127.0.0.1:20002      a slave that will not come back`;
  const command = adminCommand('remove', 'take a node out of the cluster', examples).argument(
    '<node>',
    'its id or its URL',
  );
  return command.action((node: string) =>
    run('dsm admin remove', async () => {
      const flags = readAdminFlags(command);
      const { members } = await untilActive(flags);
      const member = members.find(({ nodeId, url }) => nodeId === node || url === node);
      if (member === undefined) {
        throw new DsmError('not_found', `${node} is no member; dsm admin members lists them`);
      }
      const call = adminCalls.remove(member.nodeId);
      return carryOut(flags, call, `OK removed ${member.role} ${member.nodeId}`);
    }),
  );
}

function handoffVerb(run: Run): Command {
  const examples = `
  dsm admin handoff                            to the best standby
  dsm admin handoff http://127.0.0.1:12345     back to the primary`;
  const summary = 'let another master take over, without a gap in service';
  const command = adminCommand('handoff', summary, examples).argument(
    '[master]',
    'its id or its URL',
  );
  return command.action((master = '') =>
    run('dsm admin handoff', async () => {
      const flags = readAdminFlags(command);
      const { epoch, members } = await untilActive(flags);
      const target = members.find(({ nodeId, url }) => nodeId === master || url === master);
      if (master !== '' && target?.role !== 'master') {
        throw new DsmError('not_found', `${master} is no master; dsm admin members lists them`);
      }
      await callAdmin(flags, flags.secret, adminCalls.handoff(target?.nodeId ?? ''));
      const reason = 'handed off, but no master became active since';
      const { url } = await untilActive(flags, reason, epoch + 1);
      await writeLine(
        flags.json ? JSON.stringify({ ok: true, active: url }) : `OK ${url} is active`,
      );
      return exitCodes.ok;
    }),
  );
}

const forceWarning = (url: string) => `\
This makes ${url} the only voter of its cluster, with the log that it has.
Use it only when the other masters are lost for good and no quorum is left.
  · Acknowledged writes that this log does not hold are lost.
  · A master that was lost and comes back is refused; empty its data directory first.
  · Stop every other node before: two halves would go on without knowing of each other.`;

function forceConfigVerb(run: Run): Command {
  const examples = '\n  dsm admin force-config http://127.0.0.1:12346';
  const summary = 'the way out when no quorum is left: may lose acknowledged writes';
  const command = adminCommand('force-config', summary, examples)
    .argument('[master]', 'URL of the master that goes on alone; the one of --masters')
    .option('--yes', 'do not ask');
  return command.action((master?: string) =>
    run('dsm admin force-config', async () => {
      const flags = readAdminFlags(command);
      const url = master ?? (flags.masters.length === 1 ? flags.masters[0] : undefined);
      if (url === undefined) {
        await writeErrorLine('dsm admin force-config: name the URL of the one master that goes on');
        return exitCodes.usage;
      }
      await writeErrorLine(forceWarning(url));
      const { yes } = command.opts<{ yes?: true }>();
      if (yes !== true && !(await confirm())) return exitCodes.usage;
      return carryOut(flags, adminCalls.forceConfig(url), `OK ${url} is the only voter now`);
    }),
  );
}

/** True where a person typed `yes`; nobody is asked where there is no terminal. */
async function confirm(): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    await writeErrorLine(
      'dsm admin force-config: nobody can be asked here; --yes says it is meant',
    );
    return false;
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question('Type yes to go on: ')).trim() === 'yes';
  } finally {
    lines.close();
  }
}

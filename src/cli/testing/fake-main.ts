/**
 * `dsm` with fake nodes, for tests of what runs around a node. The first master is active, and who
 * joins it is a voter. `DSM_`-variables do not reach the nodes of `dsm up`; FAKE_ ones do:
 * FAKE_FAIL=verb fails at start, FAKE_HANG=verb never gets there, FAKE_DIE=verb
 * fails later, FAKE_STUBBORN=1 does not stop.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { NodeConfig, RunningNode, StartModule, Verb } from '../../runtime/config.ts';
import { runCli } from '../program.ts';
import { FakeNode } from './fake-node.ts';

const { FAKE_DIE, FAKE_FAIL, FAKE_HANG, FAKE_STUBBORN } = process.env;

async function start(config: NodeConfig & { readonly verb: Verb }): Promise<RunningNode> {
  const { masters, port, verb } = config;
  if (FAKE_FAIL === verb) throw new Error('the log is damaged at byte 17');
  if (FAKE_HANG === verb) await hang();
  const nodeId = `${verb}-${port}`;
  const role = verb === 'slave' ? 'slave' : 'master';
  const state = verb === 'master' ? 'active' : verb === 'backup' ? 'standby' : 'voter';
  const node = await new FakeNode({ port, nodeId, role, state }).listen();
  const { promise: ended, reject } = Promise.withResolvers<void>();
  if (FAKE_DIE === verb) reject(new Error('the log could not be synced: EIO'));
  if (verb !== 'master') await join(masters[0] ?? '', node, nodeId, role);
  const stop = () => (FAKE_STUBBORN === '1' ? new Promise<void>(() => {}) : node.close());
  return { nodeId, url: node.url, ended, stop };
}

function hang(): Promise<never> {
  console.log('starting');
  return new Promise(() => setInterval(() => {}, 1000));
}

async function join(master: string, { url }: FakeNode, nodeId: string, role: string) {
  const body = JSON.stringify({ nodeId, role, url, voter: true });
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      await fetch(`${master}/fake/join`, { method: 'POST', body });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`${master} does not answer`);
}

const module: StartModule = { startMaster: start, startSlave: start };
const context = {
  script: fileURLToPath(import.meta.url),
  loadStart: () => Promise.resolve(module),
};
process.exit(await runCli(process.argv.slice(2), context));

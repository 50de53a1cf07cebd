/** The two servers that are compared, each as processes of its own. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimeCommand, type ServerProcess, startProcess } from '../targets/processes.ts';

const emptyServerPath = fileURLToPath(new URL('../empty-server.ts', import.meta.url));
const cliPath = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const readyMs = 60_000;

/** Pushes what it started to `started` at once, so that the caller can stop it. Returns the URL. */
export function startEmptyServer(runtime: string, started: ServerProcess[]): Promise<string> {
  const [command, ...leading] = runtimeCommand(runtime);
  const server = startProcess(command, [...leading, emptyServerPath]);
  started.push(server);
  return server.firstLine(readyMs);
}

/** As `startEmptyServer`; 1 master, 1 backup, 3 slaves. Returns the URL of the active master. */
export async function startCluster(
  runtime: string,
  folder: string,
  started: ServerProcess[],
): Promise<string> {
  const [command, ...leading] = runtimeCommand(runtime);
  const cluster = startProcess(command, [
    ...[...leading, cliPath, 'up', '--slaves', '3', '--backups', '1', '--port-base', '0'],
    ...['--runtime', runtime, '--json', '--data-dir', join(folder, 'data'), '--exit-with-parent'],
  ]);
  started.push(cluster);
  const said: unknown = JSON.parse(await cluster.firstLine(readyMs));
  if (typeof said === 'object' && said !== null && 'active' in said) return String(said.active);
  throw new Error('dsm up did not say where the active master is');
}

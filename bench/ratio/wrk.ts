/** wrk, and the script that makes it ask for 1000 keys and say what it saw as one line of JSON. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../targets/processes.ts';

export type Operation = 'GET' | 'PUT';

export interface WrkRun {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** What was not an answer 2xx, with counts; a run with any is invalid. */
  readonly faults: readonly string[];
}

export interface WrkTask {
  readonly url: string;
  readonly operation: Operation;
  readonly seconds: number;
}

export interface Wrk {
  /** For temporary files of this bench. */
  readonly folder: string;
  run(task: WrkTask): Promise<WrkRun>;
  remove(): Promise<void>;
}

const connections = 64;
const keys = 1000;
const valueBytes = 100;

/** Requests are formatted once: the generator must not be what is measured. */
function script(operation: Operation): string {
  return `
local requests = {}
local at = 0
init = function(args)
  for i = 0, ${keys - 1} do
    -- 7919 is prime: neighbours in time are no neighbours in name.
    local path = "/v1/kv/key" .. (i * 7919 % ${keys})
    requests[i] = wrk.format("${operation}", path, nil, ${operation === 'PUT' ? `string.rep("x", ${valueBytes})` : 'nil'})
  end
end
request = function()
  at = at + 1
  return requests[at % ${keys}]
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"us":%d,"p99Us":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\\n',
    summary.requests, summary.duration, latency:percentile(99),
    e.connect, e.read, e.write, e.timeout, e.status))
end
`;
}

/** `stop` breaks runs. Throws where wrk is not installed, and says how to get it. */
export async function createWrk(stop: AbortSignal): Promise<Wrk> {
  const program = findProgram('wrk');
  if (program === null) {
    throw new Error(
      'wrk is not installed. It is the load generator of this bench: apt-get install wrk on ' +
        'Debian and Ubuntu, brew install wrk on macOS.',
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'dsm-ratio-'));
  const scripts: Record<Operation, string> = {
    GET: join(folder, 'get.lua'),
    PUT: join(folder, 'put.lua'),
  };
  await writeFile(scripts.GET, script('GET'));
  await writeFile(scripts.PUT, script('PUT'));
  return {
    folder,
    run: async ({ url, operation, seconds }) => {
      const load = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`];
      const args = [...load, '--timeout', '10s', '-s', scripts[operation], url];
      const { stdout } = await promisify(execFile)(program, args, { signal: stop });
      return parseRun(stdout);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const faultNames = ['connect', 'read', 'write', 'timeout', 'status'] as const;

/** Throws where wrk did not end with its result. */
export function parseRun(output: string): WrkRun {
  const line = /^RESULT (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk gave no result:\n${output}`);
  const result = JSON.parse(line) as Readonly<Record<string, number>>;
  const count = (name: string): number => result[name] ?? Number.NaN;
  const faults = faultNames.filter((name) => count(name) !== 0);
  const requests = count('requests');
  return {
    requestsPerSecond: requests / (count('us') / 1e6),
    p99Ms: count('p99Us') / 1000,
    faults: [
      ...faults.map((name) => `${count(name)} ${name === 'status' ? 'not 2xx' : `${name} errors`}`),
      ...(requests > 0 ? [] : ['no requests']),
    ],
  };
}
